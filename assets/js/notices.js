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
