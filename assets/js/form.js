// One step's form, as the server rendered it: what its controls say as in-arguments, and what the server's check says
// about them. Names of elements: `f-<argument>` control, `p-<argument>` problem, `n-<argument>` note, `[data-field]` around.

import { byId, text, write } from "./dom.js";

/** @typedef {[name: string, value: string][]} Arguments in the saved activity's order */
/** @typedef {{argument: string | null, step?: string, message: string}} Problem */
/** @typedef {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} Control */

export class StepForm {
  /** @type {Arguments} As the controls were rendered. */ #rendered;
  /** @type {Set<string>} Arguments whose field was left. */ #left = new Set();
  /** Whether all problems of the step are shown: Next was pressed. */ #showsAll = false;
  /** @type {Problem[]} */ #problems = [];
  /** @type {Set<string>} Notes that hold something of ours. */ #noted = new Set();

  /**
   * @param {HTMLElement} stage what holds the form and its preview
   * @param {Arguments} rendered the in-arguments that the form was rendered from
   */
  constructor(stage, rendered) {
    this.stage = stage;
    this.#rendered = rendered;
  }

  /** @returns {HTMLFormElement | null} */
  get element() {
    return this.stage.querySelector("form#step");
  }

  /** Keeps what has been shown over a re-rendering of the same step. @param {StepForm} earlier */
  continue(earlier) {
    this.#left = earlier.#left;
    this.#showsAll = earlier.#showsAll;
  }

  /**
   * The in-arguments as the controls now say. Those that nobody touched keep the very value they were saved with,
   * however it is spelt; names that no control has stay where they are; what is new comes last.
   *
   * @returns {Arguments}
   */
  collect() {
    /** @type {Map<string, string>} */
    const values = new Map(this.#rendered);
    for (const [name, value] of this.#changed()) {
      if (value !== "" || values.has(name)) values.set(name, value);
    }
    return [...values];
  }

  /** Contacts that the marketer expects, which are no in-argument; undefined where the step does not ask. @returns {number | null | undefined} */
  audience() {
    const control = this.stage.querySelector("[data-audience]");
    if (!(control instanceof HTMLInputElement)) return undefined;
    const digits = control.value.replace(/[\s.,'’]/g, "");
    return /^\d{1,12}$/.test(digits) ? Number(digits) : null;
  }

  /** @returns {Iterable<Control>} */
  *#controls() {
    for (const element of this.element?.elements ?? []) {
      if (element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement) {
        if (element.name !== "") yield element;
      }
    }
  }

  /** @returns {Map<string, string>} */
  #changed() {
    const changed = new Map();
    for (const control of this.#controls()) {
      if (control.matches(":disabled")) continue;
      if (control instanceof HTMLInputElement && control.type === "radio") {
        if (control.checked && !control.defaultChecked) changed.set(control.name, control.value);
      } else if (control instanceof HTMLInputElement && control.type === "checkbox") {
        if (control.checked !== control.defaultChecked) changed.set(control.name, control.checked ? control.value : "");
      } else if (control instanceof HTMLSelectElement) {
        // Without a selected option in the HTML the first one is shown, and that is what counts.
        if (!control.selectedOptions[0]?.defaultSelected) changed.set(control.name, control.value);
      } else if (control.value !== control.defaultValue) {
        changed.set(control.name, control.value);
      }
    }
    return changed;
  }

  /**
   * Puts back what was typed while the form was being rendered anew.
   *
   * @param {Arguments} values
   */
  retype(values) {
    const wanted = new Map(values);
    for (const control of this.#controls()) {
      const value = wanted.get(control.name);
      if (value === undefined) continue;
      if (control instanceof HTMLInputElement && ["checkbox", "radio"].includes(control.type)) {
        control.checked = control.value === value;
      } else {
        control.value = value;
      }
    }
  }

  /** Switches everything off, for a journey that runs. */
  disable() {
    const others = /** @type {NodeListOf<HTMLButtonElement>} */ (this.stage.querySelectorAll("button, input, select, textarea"));
    for (const control of others) control.disabled = true;
  }

  /**
   * Remembers that a field was left: from now on its problem is shown, see {@link showLeft}. The picker beside a field
   * belongs to it.
   *
   * @param {EventTarget | null} from
   * @param {EventTarget | null} to
   * @returns {boolean} whether there was a field to leave
   */
  leave(from, to) {
    const field = from instanceof Element ? from.closest("[data-field]") : null;
    if (!(field instanceof HTMLElement) || !field.dataset.field) return false;
    if (to instanceof Node && field.contains(to)) return false;
    this.#left.add(field.dataset.field);
    return true;
  }

  /** Shows the problems of the fields that were left. */
  showLeft() {
    this.#showProblems();
  }

  /** Shows every problem of the step from now on. */
  showAll() {
    this.#showsAll = true;
    this.#showProblems();
  }

  /** Moves the focus to the first field with a problem, or to the list of those that have no field here. */
  focusFirstProblem() {
    const field = this.stage.querySelector('[aria-invalid="true"]') ?? this.stage.querySelector(".slds-has-error :is(input, select, textarea, button)");
    if (field instanceof HTMLElement) {
      field.closest("details")?.setAttribute("open", "");
      field.focus();
      field.closest("[data-field]")?.scrollIntoView({ block: "nearest" });
    } else {
      byId("problems").focus();
    }
  }

  /**
   * Takes what the server found.
   *
   * @param {{problems?: Problem[], warnings?: Problem[], notes?: Record<string, string>, preview?: string}} found
   * @param {(html: string) => DocumentFragment} parse
   */
  show(found, parse) {
    this.showProblems(found.problems ?? []);
    const stray = this.#showNotes(found.notes ?? {}, found.warnings ?? []);
    fillList(byId("warnings"), stray);
    if (typeof found.preview === "string") this.#showPreview(found.preview, parse);
  }

  /** Takes the problems of the whole activity; those of other steps wait for theirs. @param {Problem[]} problems */
  showProblems(problems) {
    this.#problems = problems;
    this.#showProblems();
  }

  #showProblems() {
    const step = this.element?.dataset.step;
    const own = this.#problems.filter((problem) => !problem.step || problem.step === step);
    /** @type {Map<string, string[]>} */
    const byField = new Map();
    const stray = [];
    for (const problem of own) {
      if (problem.argument && this.#field(problem.argument)) {
        byField.set(problem.argument, [...(byField.get(problem.argument) ?? []), problem.message]);
      } else {
        stray.push(problem.message);
      }
    }
    let shown = 0;
    for (const field of /** @type {NodeListOf<HTMLElement>} */ (this.stage.querySelectorAll("[data-field]"))) {
      const name = field.dataset.field ?? "";
      const messages = this.#showsAll || this.#left.has(name) ? (byField.get(name) ?? []) : [];
      mark(field, name, messages.join(" "));
      shown += messages.length;
    }
    const strayShown = this.#showsAll ? stray : [];
    fillList(byId("problems"), strayShown);
    shown += strayShown.length;
    write(byId("status"), shown === 0 ? "" : text(shown === 1 ? "oneProblem" : "problems", { count: shown }));
  }

  /**
   * @param {Record<string, string>} notes
   * @param {Problem[]} warnings
   * @returns {string[]} warnings that no field has a place for
   */
  #showNotes(notes, warnings) {
    const stray = [];
    /** @type {Map<string, string[]>} */
    const ofField = new Map();
    for (const { argument, message } of warnings) {
      if (argument && document.getElementById(`n-${argument}`)) ofField.set(argument, [...(ofField.get(argument) ?? []), message]);
      else stray.push(message);
    }
    const names = new Set([...Object.keys(notes), ...ofField.keys()]);
    for (const name of new Set([...this.#noted, ...names])) {
      const element = document.getElementById(`n-${name}`);
      if (!element) continue;
      const parts = [notes[name], ...(ofField.get(name) ?? [])];
      const said = parts.filter(Boolean).join("\n");
      if (element.dataset.said === said) continue;
      element.dataset.said = said;
      element.replaceChildren(...parts.map((sentence, index) => line(sentence ?? "", index > 0)).filter((node) => node.textContent !== ""));
    }
    this.#noted = names;
    return stray;
  }

  /** @param {string} html @param {(html: string) => DocumentFragment} parse */
  #showPreview(html, parse) {
    const shown = document.getElementById("preview");
    // Unchanged, it is left alone: whoever has scrolled in it stays where they are.
    if (!shown || shown.dataset.html === html) return;
    const content = parse(html);
    const whole = content.querySelector("#preview");
    if (whole instanceof HTMLElement) {
      shown.replaceWith(whole);
      whole.dataset.html = html;
    } else {
      shown.replaceChildren(content);
      shown.dataset.html = html;
    }
  }

  /** @param {string} name @returns {HTMLElement | null} */
  #field(name) {
    return this.stage.querySelector(`[data-field="${CSS.escape(name)}"]`);
  }
}

/** @param {HTMLElement} field @param {string} name @param {string} message */
function mark(field, name, message) {
  const place = document.getElementById(`p-${name}`);
  field.classList.toggle("slds-has-error", message !== "");
  for (const control of field.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
    if (message === "") control.removeAttribute("aria-invalid");
    else control.setAttribute("aria-invalid", "true");
  }
  if (!place) return;
  write(place, message);
  place.hidden = message === "";
}

/** @param {string} sentence @param {boolean} isWarning */
function line(sentence, isWarning) {
  const element = document.createElement("span");
  element.className = isWarning ? "wp-note__warning" : "wp-note__text";
  element.textContent = sentence;
  return element;
}

/**
 * Fills a list of the shell, which hides while it is empty.
 *
 * @param {HTMLElement} place
 * @param {string[]} sentences
 */
function fillList(place, sentences) {
  const said = sentences.join("\n");
  place.hidden = sentences.length === 0;
  if (place.dataset.said === said) return;
  place.dataset.said = said;
  const list = /** @type {HTMLElement} */ (place.querySelector("ul"));
  list.replaceChildren(...sentences.map((sentence) => Object.assign(document.createElement("li"), { textContent: sentence })));
}
