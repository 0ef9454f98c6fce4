// Entry point of the little page that Journey Builder shows over an activity of a running journey: its live figures.

import { byId, text, write } from "./dom.js";
import { allowedHosts, JourneyBuilder } from "./journey_builder.js";
import { midOf, Server, ServerError } from "./server.js";

/** Between figures while they are fresh news: who publishes a journey looks at the first ones. */
const REFRESH_SOON_MS = 3000;
/** Between figures after the first minute. */
const REFRESH_MS = 15000;
const SOON_FOR_MS = 60000;
/** Longest wait for the activity. */
const ACTIVITY_MS = 10000;

const builder = new JourneyBuilder(allowedHosts());
const server = new Server(builder, byId("main").dataset.kind ?? "messaging");
const numbers = new Intl.NumberFormat(document.documentElement.lang);

/** @param {Record<string, unknown>} figures */
function show(figures) {
  for (const place of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-figure]"))) {
    const value = figures[place.dataset.figure ?? ""];
    write(place, typeof value === "number" ? numbers.format(value) : "–");
    // Not every channel tells it.
    place.closest("[data-optional]")?.toggleAttribute("hidden", typeof value !== "number");
  }
  write(byId("notice"), "");
}

const since = performance.now();

/** @param {unknown} activity */
async function refresh(activity) {
  try {
    show(await server.call("figures", { activity }));
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    write(byId("notice"), error.message);
    // What can't pass is not asked for again.
    if (!error.mayPass) return;
  } finally {
    byId("main").setAttribute("aria-busy", "false");
  }
  const isSoon = performance.now() - since < SOON_FOR_MS;
  setTimeout(() => refreshWhenSeen(activity), isSoon ? REFRESH_SOON_MS : REFRESH_MS);
}

/** Nobody looks at a hidden page. @param {unknown} activity */
function refreshWhenSeen(activity) {
  if (document.visibilityState === "visible") refresh(activity);
  else document.addEventListener("visibilitychange", () => refreshWhenSeen(activity), { once: true });
}

if (builder.isFramed) {
  builder.start();
  const activity = await builder.answer("initActivityRunningHover", ACTIVITY_MS);
  if (activity) {
    server.mid = midOf(activity);
    await refresh(activity);
  } else {
    write(byId("notice"), text("noActivity"));
  }
} else {
  write(byId("notice"), text("notFramed"));
}
