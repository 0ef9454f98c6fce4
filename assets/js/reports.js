// Entry point of the reports activity's page (templates/activities/reports/index.html).

import { byId } from "./dom.js";
import { allowedHosts, JourneyBuilder } from "./journey_builder.js";
import { Server } from "./server.js";
import { Wizard } from "./wizard.js";

const builder = new JourneyBuilder(allowedHosts());
await new Wizard(builder, new Server(builder, byId("main").dataset.kind ?? "reports")).run();
