// Entry point of the messaging activity's page (templates/activities/messaging/index.html).

import { byId } from "./dom.js";
import { allowedHosts, JourneyBuilder } from "./journey_builder.js";
import { Server } from "./server.js";
import { Wizard } from "./wizard.js";

const builder = new JourneyBuilder(allowedHosts());
await new Wizard(builder, new Server(builder, byId("main").dataset.kind ?? "messaging")).run();
