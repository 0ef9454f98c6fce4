// The picker of merge fields: one popover that all fields share. The entries, and why some can't be chosen, come with the
// step's fragment in `<template id="merge-fields">`; a `[data-merge="<argument>"]` button beside a field opens it.
//
// Keyboard: type to search; arrows, Page keys, Home and End move; Enter inserts; Escape and Tab close. The focus stays in the search
// box, which names the entry it stands on (`aria-activedescendant`).

import { byId, copyOf, text, write } from "./dom.js";

/** How many entries a Page key moves. */
const PAGE = 8;

/** @typedef {HTMLInputElement | HTMLTextAreaElement} TextField */

export class MergeFields {
  /** @type {HTMLElement} */ #popover = copyOf("merge-popover");
  /** @type {HTMLInputElement} */ #search = /** @type {any} */ (this.#popover.querySelector("[data-search]"));
  /** @type {HTMLElement} */ #list = /** @type {any} */ (this.#popover.querySelector('[role="listbox"]'));
  /** @type {HTMLElement} */ #nothing = /** @type {any} */ (this.#popover.querySelector("[data-nothing]"));
  /** @type {HTMLElement | null} */ #button = null;
  /** @type {TextField | null} */ #field = null;
  /** @type {WeakSet<Element>} Fields whose caret somebody has set. */ #entered = new WeakSet();

  /** @param {HTMLElement} stage what holds the fields, whatever is rendered into it */
  constructor(stage) {
    stage.addEventListener("focusin", ({ target }) => target instanceof Element && this.#entered.add(target));
    stage.addEventListener("click", ({ target }) => {
      const button = target instanceof Element ? target.closest("[data-merge]") : null;
      if (button instanceof HTMLElement) this.#toggle(button);
    });
    this.#search.addEventListener("input", () => this.#filter());
    // The search box stands inside the form, but is none of its fields.
    for (const event of ["input", "change"]) this.#popover.addEventListener(event, (happened) => happened.stopPropagation());
    this.#popover.addEventListener("keydown", (event) => this.#onKey(event));
    // Before the search box would lose the focus.
    this.#popover.addEventListener("mousedown", (event) => event.target !== this.#search && event.preventDefault());
    this.#list.addEventListener("click", ({ target }) => {
      const option = target instanceof Element ? target.closest('[role="option"]') : null;
      if (option instanceof HTMLElement) this.#choose(option);
    });
    document.addEventListener("pointerdown", ({ target }) => {
      const isInside = target instanceof Node && (this.#popover.contains(target) || this.#button?.contains(target));
      if (!isInside) this.close();
    });
  }

  /** Closes without choosing; what has the focus keeps it. */
  close() {
    this.#button?.setAttribute("aria-expanded", "false");
    this.#popover.remove();
    this.#button = this.#field = null;
  }

  /** @param {HTMLElement} button */
  #toggle(button) {
    const wasOpen = this.#button === button;
    this.close();
    if (!wasOpen) this.#open(button);
  }

  /** @param {HTMLElement} button */
  #open(button) {
    const field = document.getElementById(`f-${button.dataset.merge}`);
    const entries = document.getElementById("merge-fields");
    if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement)) return;
    if (!(entries instanceof HTMLTemplateElement)) return;
    this.#button = button;
    this.#field = field;
    const content = /** @type {DocumentFragment} */ (entries.content.cloneNode(true));
    this.#list.replaceChildren(...(content.querySelector('[role="listbox"]') ?? content).childNodes);
    this.#options().forEach((option, index) => {
      option.id = `merge-option-${index}`;
      option.tabIndex = -1;
      option.setAttribute("aria-selected", "false");
      if (option instanceof HTMLButtonElement && option.disabled) {
        // So that it can still be read with the keyboard, with its reason.
        option.disabled = false;
        option.setAttribute("aria-disabled", "true");
      }
    });
    this.#search.value = "";
    button.setAttribute("aria-expanded", "true");
    button.setAttribute("aria-controls", "merge-picker");
    (button.closest("[data-field]") ?? button.parentElement)?.append(this.#popover);
    this.#filter();
    this.#search.focus({ preventScroll: true });
    this.#popover.scrollIntoView({ block: "nearest" });
  }

  /** @returns {HTMLElement[]} */
  #options() {
    return [...this.#list.querySelectorAll('[role="option"]')].filter((option) => option instanceof HTMLElement);
  }

  #visible() {
    return this.#options().filter((option) => !option.hidden);
  }

  #filter() {
    const wanted = this.#search.value.trim().toLowerCase();
    for (const option of this.#options()) {
      const said = `${option.textContent} ${option.dataset.insert ?? ""}`.toLowerCase();
      option.hidden = !said.includes(wanted);
    }
    for (const group of /** @type {NodeListOf<HTMLElement>} */ (this.#list.querySelectorAll('[role="group"]'))) {
      group.hidden = !group.querySelector('[role="option"]:not([hidden])');
    }
    const visible = this.#visible();
    this.#nothing.hidden = visible.length > 0;
    if (visible.length === 0) write(this.#nothing, text(this.#options().length === 0 ? "noMergeFields" : "noSuchMergeField"));
    this.#stand(visible.find((option) => option.getAttribute("aria-disabled") !== "true") ?? visible[0]);
  }

  /** @returns {HTMLElement | null} */
  #current() {
    return this.#list.querySelector('[aria-selected="true"]');
  }

  /** @param {HTMLElement | undefined} option */
  #stand(option) {
    this.#current()?.setAttribute("aria-selected", "false");
    if (!option) {
      this.#search.removeAttribute("aria-activedescendant");
      return;
    }
    option.setAttribute("aria-selected", "true");
    this.#search.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const visible = this.#visible();
    const at = visible.indexOf(/** @type {HTMLElement} */ (this.#current()));
    const last = visible.length - 1;
    const steps = { ArrowDown: at === last ? 0 : at + 1, ArrowUp: at <= 0 ? last : at - 1, PageDown: Math.min(at + PAGE, last), PageUp: Math.max(at - PAGE, 0), Home: 0, End: last };
    if (event.key in steps) {
      event.preventDefault();
      this.#stand(visible[steps[/** @type {keyof typeof steps} */ (event.key)]]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      const option = this.#current();
      if (option) this.#choose(option);
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      const field = this.#field;
      this.close();
      field?.focus();
    } else if (event.key === "Tab") {
      // On from the field, as if the popover had not been there.
      const button = this.#button;
      this.close();
      button?.focus();
    }
  }

  /** @param {HTMLElement} option */
  #choose(option) {
    const { insert } = option.dataset;
    const field = this.#field;
    if (!insert || !field || option.getAttribute("aria-disabled") === "true") return;
    this.close();
    insertAtCaret(field, insert, this.#entered.has(field));
    write(byId("announcer"), text("inserted", { field: (option.textContent ?? "").trim() }));
  }
}

/**
 * @param {TextField} field
 * @param {string} expression
 * @param {boolean} hasCaret false for a field that nobody has been in: its caret would stand before the text
 */
function insertAtCaret(field, expression, hasCaret) {
  const end = field.value.length;
  // Fields of some types, such as numbers, have no caret to ask for.
  const [from, to] = hasCaret && field.selectionStart !== null ? [field.selectionStart, field.selectionEnd ?? end] : [end, end];
  field.focus();
  if (field.selectionStart === null) {
    field.value += expression;
  } else {
    field.setSelectionRange(from, to);
    // As if it had been typed, `input` event included: nothing else keeps the field's own undo. Not every browser can.
    if (document.execCommand("insertText", false, expression)) return;
    field.setRangeText(expression, from, to, "end");
  }
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
