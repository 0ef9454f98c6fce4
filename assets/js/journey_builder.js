// The page's end of Journey Builder's protocol, over Salesforce's own Postmonger.
//
// * Handlers stand before `ready` is sent: a message that nobody waits for is lost.
// * Only `ready` and the requests, which say nothing, go to any origin. The origin of the first valid message of the
//   parent window is remembered; everything else goes to it alone, and nothing is heard of anybody else.
// * Answers come in any order, twice, late, or never.

/** Sent at the start; each is answered by an event of its own name (`requestedTokens`), or not at all. */
const REQUESTS = /** @type {const} */ ([
  "requestTokens",
  "requestEndpoints",
  "requestInteraction",
  "requestTriggerEventDefinition",
  "requestSchema",
  "requestDataSources",
  "requestInteractionDefaults",
  "requestCulture",
]);

/**
 * Whether an origin is one of those that may embed the page. Hosts are written as in `frame-ancestors`:
 * `*.exacttarget.com` (https), `https://host`, `http://127.0.0.1:8080`, `http://127.0.0.1:*`.
 *
 * @param {string} origin
 * @param {string[]} hosts
 * @returns {boolean}
 */
export function isAllowed(origin, hosts) {
  let url;
  try {
    url = new URL(origin);
  } catch {
    return false; // "null", the origin of a sandboxed frame, among others
  }
  return hosts.some((host) => {
    const [, scheme = "https:", name = "", port = ""] = /^(?:(https?:)\/\/)?([^/:]+)(?::(\d+|\*))?\/?$/.exec(host) ?? [];
    const isName = name.startsWith("*.") ? url.hostname.endsWith(name.slice(1)) : url.hostname === name;
    const isPort = port === "*" || url.port === port || (url.port === "" && port === (scheme === "https:" ? "443" : "80"));
    return url.protocol === scheme && isName && isPort;
  });
}

/**
 * The event of a message on the wire, or null when it is none: `{"e": event, "a1": …}` as a string.
 *
 * @param {unknown} data
 * @returns {string | null}
 */
function eventOf(data) {
  if (typeof data !== "string") return null;
  try {
    const message = JSON.parse(data);
    return typeof message?.e === "string" && message.e !== "" ? message.e : null;
  } catch {
    return null;
  }
}

export class JourneyBuilder {
  /** @type {string[]} */ #hosts;
  /** @type {any} */ #session = null;
  /** @type {string | null} */ #origin = null;
  /** @type {unknown[][]} What is to be said once the origin is known. */ #unsaid = [];
  /** @type {Map<string, ((...values: any[]) => void)[]>} */ #handlers = new Map();
  /** @type {Map<string, any>} The newest answer of each event. */ #answers = new Map();

  /** @param {string[]} hosts see {@link isAllowed} */
  constructor(hosts) {
    this.#hosts = hosts;
  }

  /** Whether there is a Journey Builder around the page at all. */
  get isFramed() {
    return window.parent !== window;
  }

  /**
   * Hears an event, each time it comes.
   *
   * @param {string} event
   * @param {(...values: any[]) => void} handler
   */
  on(event, handler) {
    this.#handlers.set(event, [...(this.#handlers.get(event) ?? []), handler]);
  }

  /** Says that the page is there, and asks for all it needs. */
  start() {
    if (!this.#session) {
      // Before Postmonger's own listener, which lets any message of the parent window through while its `from` is `*`.
      window.addEventListener("message", (event) => this.#guard(event));
      this.#session = this.#connect({ connect: window.parent });
    }
    for (const event of ["ready", ...REQUESTS]) this.#session.trigger(event);
  }

  /**
   * Says something to Journey Builder, at the latest when it is known who that is.
   *
   * @param {string} event
   * @param {...unknown} values undefined is sent as null, which would else shift the values behind it
   */
  send(event, ...values) {
    const message = [event, ...values.map((value) => value ?? null)];
    if (this.#origin) this.#session.trigger(...message);
    else this.#unsaid.push(message);
  }

  /**
   * The answer of this event: the one that has come, or the first that comes, or null after the time.
   *
   * @param {string} event
   * @param {number} waitMs
   * @returns {Promise<any>}
   */
  answer(event, waitMs) {
    if (this.#answers.has(event)) return Promise.resolve(this.#answers.get(event));
    return this.#next(event, waitMs);
  }

  /**
   * Asks once more and waits for the new answer; null after the time.
   *
   * @param {string} request
   * @param {string} event
   * @param {number} waitMs
   * @returns {Promise<any>}
   */
  askAgain(request, event, waitMs) {
    const next = this.#next(event, waitMs);
    this.send(request);
    return next;
  }

  /** Whether an answer of this event has come. @param {string} event */
  has(event) {
    return this.#answers.has(event);
  }

  /** @param {string} event @param {number} waitMs @returns {Promise<any>} */
  #next(event, waitMs) {
    return new Promise((resolve) => {
      const timer = setTimeout(done, waitMs, null);
      const handlers = this.#handlers;
      function done(/** @type {any} */ value) {
        clearTimeout(timer);
        handlers.set(event, (handlers.get(event) ?? []).filter((handler) => handler !== done));
        resolve(value);
      }
      this.on(event, done);
    });
  }

  /** @param {object} connection @returns {any} */
  #connect(connection) {
    // A classic script, so its name is the window's.
    const session = new (/** @type {any} */ (globalThis).Postmonger.Session)(connection);
    session.on("all", (/** @type {string} */ event, /** @type {any[]} */ ...values) => {
      // The open session heard the message that made the origin known; from then on the bound one hears.
      if (session !== this.#session) session.end();
      this.#hear(event, ...values);
    });
    return session;
  }

  /** Stops what is not Journey Builder's before Postmonger sees it. @param {MessageEvent} event */
  #guard(event) {
    const isParent = event.source === window.parent;
    const isOurs = isParent && (this.#origin ? event.origin === this.#origin : isAllowed(event.origin, this.#hosts));
    if (!isOurs || !eventOf(event.data)) {
      event.stopImmediatePropagation();
      return;
    }
    if (this.#origin) return;
    this.#origin = event.origin;
    this.#session = this.#connect({ connect: window.parent, from: event.origin, to: event.origin });
    for (const message of this.#unsaid.splice(0)) this.#session.trigger(...message);
  }

  /** @param {string} event @param {...any} values */
  #hear(event, ...values) {
    this.#answers.set(event, values[0] ?? null);
    for (const handler of this.#handlers.get(event) ?? []) handler(...values);
  }
}

/**
 * The hosts that the server wrote into the page.
 *
 * @returns {string[]}
 */
export function allowedHosts() {
  const meta = /** @type {HTMLMetaElement | null} */ (document.querySelector('meta[name="waypost-hosts"]'));
  return (meta?.content ?? "").split(/\s+/).filter(Boolean);
}
