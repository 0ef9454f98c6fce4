// The test message: a dialog that asks for a number and for a value of each merge field in the message.

import { byId, copyOf, text, write } from "./dom.js";
import { ServerError } from "./server.js";

/** @typedef {{expression: string, name: string, example?: string}} MergeField */

export class TestSend {
  /** @type {import("./wizard.js").Wizard} */ #wizard;
  /** @type {HTMLDialogElement | null} Not every page has one. */ #dialog;
  /** @type {MergeField[]} In the message as it was last checked. */ #fields = [];
  /** @type {Map<string, string>} What was typed for an expression, for as long as the page lives. */ #typed = new Map();
  /** @type {HTMLElement | null} */ #opener = null;

  /** @param {import("./wizard.js").Wizard} wizard */
  constructor(wizard) {
    this.#wizard = wizard;
    this.#dialog = /** @type {HTMLDialogElement | null} */ (document.getElementById("test-dialog"));
    const dialog = this.#dialog;
    if (!dialog) return;
    const opener = document.getElementById("test-open");
    opener?.addEventListener("click", () => this.open(opener));
    this.#part("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    for (const button of dialog.querySelectorAll("[data-close]")) button.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => this.#opener?.focus());
    dialog.addEventListener("input", ({ target }) => {
      const expression = target instanceof HTMLInputElement ? target.dataset.expression : undefined;
      if (expression) this.#typed.set(expression, /** @type {HTMLInputElement} */ (target).value);
    });
  }

  /** Remembers the merge fields that a check has found. @param {{mergeFields?: MergeField[]}} found */
  offer(found) {
    this.#fields = found.mergeFields ?? [];
  }

  /** @param {HTMLElement} opener gets the focus back */
  async open(opener) {
    const dialog = this.#dialog;
    if (!dialog) return;
    // A merge field may have come in since the last check.
    await this.#wizard.check();
    if (dialog.open) return;
    this.#opener = opener;
    write(this.#part("[data-result]"), "");
    const rows = this.#fields.map((field, index) => this.#row(field, index));
    this.#part("[data-values]").replaceChildren(...rows);
    this.#part("[data-values-title]").hidden = rows.length === 0;
    dialog.showModal();
  }

  /** @param {MergeField} field @param {number} index */
  #row({ expression, name, example }, index) {
    const row = copyOf("test-value");
    const input = /** @type {HTMLInputElement} */ (row.querySelector("input"));
    const label = /** @type {HTMLLabelElement} */ (row.querySelector("label"));
    input.id = `test-value-${index}`;
    input.dataset.expression = expression;
    input.value = this.#typed.get(expression) ?? "";
    input.placeholder = example ?? "";
    label.htmlFor = input.id;
    label.textContent = name;
    label.title = expression;
    return row;
  }

  async #send() {
    const result = this.#part("[data-result]");
    const button = /** @type {HTMLButtonElement} */ (this.#part("[type=submit]"));
    const to = /** @type {HTMLInputElement} */ (this.#part("input[name=to]"));
    const values = this.#fields.map(({ expression }) => [expression, this.#typed.get(expression) ?? ""]);
    button.disabled = true;
    say(result, text("testSending"), null);
    try {
      const { sent, sentence } = await this.#wizard.server.call("test", { ...this.#wizard.state(), to: to.value.trim(), values });
      say(result, sentence, sent === true);
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      say(result, error.message, false);
    } finally {
      button.disabled = false;
    }
  }

  /** @param {string} selector @returns {HTMLElement} */
  #part(selector) {
    return /** @type {HTMLElement} */ (this.#dialog?.querySelector(selector));
  }
}

/** @param {HTMLElement} place @param {string} sentence @param {boolean | null} isGood null while it is not known */
function say(place, sentence, isGood) {
  write(place, sentence);
  place.classList.toggle("wp-result_good", isGood === true);
  place.classList.toggle("wp-result_bad", isGood === false);
}
