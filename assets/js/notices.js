// What stands above the form or in its place: notices, the warning of a copied activity, and whole-page states.

import { byId, copyOf, text, write } from "./dom.js";

/**
 * Shows a notice above the form. One with a key takes the place of the one with the same key.
 *
 * @param {"info" | "warning" | "error"} theme
 * @param {string} sentence
 * @param {{key?: string, retry?: () => void}} [options] `retry` adds a button that takes the notice away and tries again
 */
export function notify(theme, sentence, { key, retry } = {}) {
  const shown = key ? find(key) : null;
  const isSame = shown?.querySelector("[data-slot]")?.textContent === sentence;
  // One that is said again is not read out again; what its button does may be new.
  const notice = shown && isSame ? shown : copyOf("notice");
  const button = /** @type {HTMLButtonElement} */ (notice.querySelector("[data-retry]"));
  button.hidden = !retry;
  button.onclick = () => {
    notice.remove();
    retry?.();
  };
  if (notice === shown) return;
  shown?.remove();
  if (key) notice.dataset.notice = key;
  notice.classList.add(`wp-notice_${theme}`);
  if (theme === "info") notice.querySelector("use")?.setAttribute("href", "#icon-info");
  /** @type {HTMLElement} */ (notice.querySelector("[data-slot]")).textContent = sentence;
  byId("notices").append(notice);
}

/** @param {string} key @returns {HTMLElement | null} */
function find(key) {
  return document.querySelector(`[data-notice="${CSS.escape(key)}"]`);
}

/** Takes a notice away. @param {string} key */
export function withdraw(key) {
  find(key)?.remove();
}

/** @typedef {{error: import("./server.js").ServerError, again: () => void}} Failure */

/** @type {Map<string, number>} How many notices a group has. */
const told = new Map();

/**
 * Shows warnings of one origin; those that it told before and does not tell any more go.
 *
 * @param {string} group
 * @param {string[]} sentences
 */
export function tellAll(group, sentences) {
  sentences.forEach((sentence, index) => notify("warning", sentence, { key: `${group}-${index}` }));
  for (let index = sentences.length; index < (told.get(group) ?? 0); index += 1) withdraw(`${group}-${index}`);
  told.set(group, sentences.length);
}

/** What has failed at the server and is still to be done: one notice for one cause, however many calls met it. */
export class Failures {
  /** @type {Map<string, Failure>} By what was done. */ #failed = new Map();

  /**
   * Tells of a failure; the notice's button does everything again that failed for the same reason.
   *
   * @param {string} key of what was done
   * @param {import("./server.js").ServerError} error
   * @param {() => void} again
   */
  tell(key, error, again) {
    const earlier = this.#failed.get(key);
    this.#failed.set(key, { error, again });
    if (earlier) this.#withdrawUnlessMeant(earlier.error);
    const retry = error.mayPass ? () => this.#tryAgain(error.message) : undefined;
    notify("error", error.message, { key: noticeOf(error.message), retry });
  }

  /** What was done has succeeded, or is not wanted any more. @param {string} key */
  forget(key) {
    const failure = this.#failed.get(key);
    if (!failure) return;
    this.#failed.delete(key);
    this.#withdrawUnlessMeant(failure.error);
  }

  /** Takes a notice away, unless something else has failed for the same reason. @param {import("./server.js").ServerError} error */
  #withdrawUnlessMeant({ message }) {
    if (![...this.#failed.values()].some(({ error }) => error.message === message)) withdraw(noticeOf(message));
  }

  /**
   * A call has succeeded, so what would have kept it from doing so is over.
   *
   * @param {(key: string) => boolean} isOwed whether the page still waits for what was done: then it is done by itself
   */
  onSuccess(isOwed) {
    for (const [key, { error, again }] of [...this.#failed]) {
      if (!error.isOfAllCalls) continue;
      this.forget(key);
      // Behind what the call was made for, which may be just this.
      setTimeout(() => isOwed(key) && again());
    }
  }

  /** @param {string} sentence */
  #tryAgain(sentence) {
    const wanted = [...this.#failed].filter(([, { error }]) => error.message === sentence);
    for (const [key, { again }] of wanted) {
      this.#failed.delete(key);
      again();
    }
  }
}

/** @param {string} sentence */
function noticeOf(sentence) {
  return `failed: ${sentence}`;
}

/**
 * The warning of a copied activity, with the box that confirms it.
 *
 * @param {string} sentence the manual's
 * @returns {HTMLInputElement} the box
 */
export function warnOfCopy(sentence) {
  const warning = copyOf("copy-warning");
  const place = /** @type {HTMLElement} */ (warning.querySelector("[data-slot]"));
  place.textContent = sentence;
  byId("notices").prepend(warning);
  const box = /** @type {HTMLInputElement} */ (warning.querySelector("input"));
  box.addEventListener("change", () => markUnconfirmed(box, false));
  return box;
}

/**
 * Says beside the box of a copied activity that it is to be ticked, and takes the focus there.
 *
 * @param {HTMLInputElement} box
 */
export function askToConfirm(box) {
  markUnconfirmed(box, true);
  box.focus();
}

/** @param {HTMLInputElement} box @param {boolean} isAsked */
function markUnconfirmed(box, isAsked) {
  const place = byId("p-confirm-copy");
  write(place, isAsked ? text("confirmCopy") : "");
  place.hidden = !isAsked;
  box.closest(".slds-form-element")?.classList.toggle("slds-has-error", isAsked);
  if (isAsked) box.setAttribute("aria-invalid", "true");
  else box.removeAttribute("aria-invalid");
}

/**
 * Shows one of the shell's states in the form's place: `not-framed`, `not-connected`, `session-over`, `unreachable`,
 * `no-answer`.
 *
 * @param {string} name
 * @param {{sentence?: string, retry?: () => void}} [options]
 */
export function showState(name, { sentence, retry } = {}) {
  const state = copyOf(`state-${name}`);
  const place = state.querySelector("[data-slot]");
  if (place && sentence) place.textContent = sentence;
  const button = state.querySelector("[data-retry]");
  if (retry) button?.addEventListener("click", retry);
  else button?.remove();
  byId("stage").replaceChildren(state);
  setLoading(false);
}

/** Whether the page is getting itself ready. @param {boolean} isLoading */
export function setLoading(isLoading) {
  byId("loading").hidden = !isLoading;
  byId("main").setAttribute("aria-busy", String(isLoading));
}
