// Calls of our own server, as the person whom Journey Builder vouches for.
//
// Journey Builder's tokens are exchanged for a session of ours, once. Session and tokens live in this module's memory
// only: nothing of them is stored in the browser. A session that is over is renewed once with new tokens, and the call repeated.

import { text } from "./dom.js";

/** The pages' root on the server. */
const ROOT = "/activities";
/** Longest wait for an answer: account lists may come from Infobip while it is slow. */
const CALL_MS = 20000;
/** Longest wait for new tokens of Journey Builder. */
const TOKENS_MS = 5000;
/** Longest wait for its endpoints, which the server can do without. */
const ENDPOINTS_MS = 1500;

/**
 * Why a call failed, as a sentence for the person at the page.
 */
export class ServerError extends Error {
  /**
   * @param {"unreachable" | "sessionOver" | "notConnected" | "refused"} why
   * @param {string} sentence
   * @param {number} [status]
   * @param {any} [answer] the body, where there was one
   */
  constructor(why, sentence, status = 0, answer = null) {
    super(sentence);
    this.why = why;
    this.status = status;
    this.answer = answer;
  }

  /** Whether the same call may well succeed later. */
  get mayPass() {
    return this.why !== "notConnected" && (this.status === 0 || this.status === 401 || this.status === 429 || this.status >= 500);
  }

  /** Whether any call would have failed so, and one that succeeds proves it over. */
  get isOfAllCalls() {
    return this.why === "sessionOver" || (this.why === "unreachable" && this.answer === null);
  }
}

export class Server {
  /** @type {import("./journey_builder.js").JourneyBuilder} */ #journeyBuilder;
  /** @type {string} */ #kind;
  /** @type {string | null} The bearer token of our session. */ #session = null;
  /** @type {Promise<void> | null} An exchange on its way. */ #exchange = null;
  /** The page's first request asks for tokens; they live for minutes, so each exchange after that asks anew. */ #tokensWereAskedFor = false;
  /** Called whenever a call has succeeded. */ onSuccess = () => {};
  /** @type {number | null} The business unit that the activity was saved in: where its token is asked about first. */ mid = null;

  /**
   * @param {import("./journey_builder.js").JourneyBuilder} journeyBuilder
   * @param {string} kind of the activity: `messaging` or `reports`
   */
  constructor(journeyBuilder, kind) {
    this.#journeyBuilder = journeyBuilder;
    this.#kind = kind;
  }

  /**
   * Calls a page's use case: `step`, `check`, … of the activity's kind.
   *
   * @param {string} useCase
   * @param {object} body
   * @param {AbortSignal} [signal]
   * @returns {Promise<any>}
   */
  call(useCase, body, signal) {
    return this.#call(`${ROOT}/${this.#kind}/page/${useCase}`, body, signal);
  }

  /**
   * Journey Builder's raw answers, read by the server.
   *
   * @param {object} body
   * @returns {Promise<any>}
   */
  journey(body) {
    return this.#call(`${ROOT}/page/journey`, body);
  }

  /** @param {string} path @param {object} body @param {AbortSignal} [signal] */
  async #call(path, body, signal) {
    const isFirst = this.#session === null;
    if (isFirst) await this.#renew(false);
    const used = this.#session;
    try {
      return await this.#post(path, body, signal);
    } catch (error) {
      if (isFirst || !(error instanceof ServerError) || error.status !== 401) throw error;
    }
    // Another call may have renewed it meanwhile.
    if (this.#session === used) await this.#renew(true);
    return this.#post(path, body, signal);
  }

  /** Exchanges tokens for a session; calls at the same time wait for one exchange. @param {boolean} isAgain */
  async #renew(isAgain) {
    this.#exchange ??= this.#exchangeTokens(isAgain).finally(() => (this.#exchange = null));
    await this.#exchange;
  }

  /** @param {boolean} isAgain */
  async #exchangeTokens(isAgain) {
    const builder = this.#journeyBuilder;
    const ask = () => builder.askAgain("requestTokens", "requestedTokens", TOKENS_MS);
    const isFirst = !isAgain && !this.#tokensWereAskedFor;
    this.#tokensWereAskedFor = true;
    const tokens = isFirst ? await builder.answer("requestedTokens", TOKENS_MS) : await ask();
    const token = tokens?.fuel2token ?? tokens?.token;
    if (!token) throw new ServerError("sessionOver", text("noTokens"), 401);
    const endpoints = await builder.answer("requestedEndpoints", ENDPOINTS_MS);
    const restHosts = [endpoints?.fuelapiRestHost, endpoints?.restHost]
      .filter((host) => typeof host === "string" && host !== "")
      .map((host) => (host.includes("://") ? host : `https://${host}`));
    this.#session = null;
    const body = { token, restHosts: [...new Set(restHosts)], mid: this.mid };
    this.#session = (await this.#post(`${ROOT}/session`, body)).session;
  }

  /** @param {string} path @param {object} body @param {AbortSignal} [signal] */
  async #post(path, body, signal) {
    const headers = new Headers({ "Content-Type": "application/json", Accept: "application/json" });
    if (this.#session) headers.set("Authorization", `Bearer ${this.#session}`);
    const late = AbortSignal.timeout(CALL_MS);
    let response, answer;
    try {
      response = await fetch(path, {
        method: "POST",
        headers,
        body: JSON.stringify(body),
        signal: signal ? AbortSignal.any([signal, late]) : late,
        credentials: "omit",
        cache: "no-store",
      });
      answer = await response.json().catch((error) => (error instanceof SyntaxError ? null : Promise.reject(error)));
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ServerError("unreachable", text(late.aborted ? "slow" : "unreachable"));
    }
    if (response.ok && answer !== null) {
      this.onSuccess();
      return answer;
    }
    throw problem(response.status, answer);
  }
}

/** @param {number} status @param {any} answer */
function problem(status, answer) {
  const sentence = typeof answer?.error === "string" ? answer.error : "";
  if (status === 401) return new ServerError("sessionOver", sentence || text("sessionOver"), status, answer);
  if (answer?.code === "notConnected") return new ServerError("notConnected", sentence || text("notConnected"), status, answer);
  if (status === 0 || status >= 500 || answer === null) {
    return new ServerError("unreachable", sentence || text("unreachable"), status, answer);
  }
  return new ServerError("refused", sentence || text("refused"), status, answer);
}

/** The business unit that an activity was saved in. @param {any} activity @returns {number | null} */
export function midOf(activity) {
  const list = activity.arguments?.execute?.inArguments;
  const found = Array.isArray(list) ? list.find((entry) => entry && typeof entry === "object" && "mid" in entry) : null;
  const mid = Number(found?.mid);
  return Number.isSafeInteger(mid) && mid > 0 ? mid : null;
}
