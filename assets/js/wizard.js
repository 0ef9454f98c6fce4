// The wizard: Journey Builder's Back and Next, the steps that the server renders, and the activity that goes back.
//
// The page's state is the list of in-arguments, the journey as the server read it, and the few things that are no in-arguments.
// What is valid, what a form shows and what the activity becomes is the server's to say.

import { byId, copyOf, fragment, text, write } from "./dom.js";
import { StepForm } from "./form.js";
import { MergeFields } from "./merge_fields.js";
import { askToConfirm, Failures, notify, setLoading, showState, tellAll, warnOfCopy, withdraw } from "./notices.js";
import { midOf, ServerError } from "./server.js";
import { focusAfter, swap } from "./swap.js";
import { TestSend } from "./test_send.js";

/** @typedef {import("./form.js").Arguments} Arguments */
/** @typedef {{key: string, label: string, hasPreview?: boolean}} Step */

/** From the last keystroke to the check. */
const CHECK_AFTER_MS = 300;
/** Longest wait for a mouse button to be released. */
const PRESSED_MS = 1000;
/** From a step's being shown to its Next counting: a click that comes sooner was the second on the step before. */
const SEEN_MS = 400;
/** Longest wait for the activity, without which there is nothing to configure. */
const ACTIVITY_MS = 10000;
/** Longest wait for what can be done without; what comes later is worked in. */
const CONTEXT_MS = 1500;
/** From a late answer to working it in, as several tend to come together. */
const LATE_MS = 150;

/** Journey Builder's answers that the server makes the journey of. */
const CONTEXT = {
  interaction: "requestedInteraction",
  trigger: "requestedTriggerEventDefinition",
  schema: "requestedSchema",
  dataSources: "requestedDataSources",
  defaults: "requestedInteractionDefaults",
};

export class Wizard {
  /** @type {any} As Journey Builder handed it over. */ #activity = null;
  /** @type {unknown} Ours to carry, not to read. */ #journey = null;
  /** What the journey was read from. */ #contextRead = "";
  /** @type {Arguments} */ #arguments = [];
  /** Language of the marketer, such as `en-US`; empty until it is told. */ #culture = "";
  /** @type {number | null} Contacts that the marketer expects. */ #audience = null;
  /** @type {string} */ #name = "";
  /** @type {HTMLInputElement | null} The box that confirms a copied activity. */ #copyBox = null;
  #isReadOnly = false;
  #isDirty = false;
  #isReady = false;
  /** Whether Next is being worked on. */ #isBusy = false;
  /** Whether the step stands there long enough to be meant by a click. */ #isSeen = true;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #seenTimer;
  #at = 0;
  /** @type {StepForm | null} */ #form = null;
  /** @type {AbortController | null} */ #check = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #checkTimer;
  /** Counts changes: of the controls, those that the newest check looks at, and those that a check has answered for. */
  #edits = 0;
  #editsInCheck = 0;
  #editsChecked = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #lateTimer;
  /** @type {Promise<void>} Renderings follow each other, as each starts from what the one before has made. */ #rendering = Promise.resolve();
  #renderings = 0;
  /** @type {Promise<void>} Until no mouse button is down: what moves under a pressed pointer loses its click. */ #released = Promise.resolve();

  /**
   * @param {import("./journey_builder.js").JourneyBuilder} builder
   * @param {import("./server.js").Server} server
   */
  constructor(builder, server) {
    this.builder = builder;
    this.server = server;
    this.stage = byId("stage");
    /** @type {Step[]} */
    this.steps = JSON.parse(byId("main").dataset.steps ?? "[]");
    this.picker = new MergeFields(this.stage);
    this.testSend = new TestSend(this);
    this.failures = new Failures();
    // A rendering that is on its way shows the newest step anyway.
    server.onSuccess = () => this.failures.onSuccess((key) => key === "journey" || (key === "step" && this.#renderings === 0));
  }

  /** Opens the conversation with Journey Builder, and the activity that it hands over. */
  async run() {
    const { builder } = this;
    if (!builder.isFramed) {
      showState("not-framed");
      return;
    }
    builder.on("clickedNext", () => this.#next());
    builder.on("clickedBack", () => this.#back());
    builder.on("gotoStep", (step) => this.#goTo(step));
    // A string by the documentation, an object by what was seen (sfmc.md 3.4).
    builder.on("requestedCulture", (told) => (this.#culture = String(told?.culture ?? told ?? "")));
    for (const event of Object.values(CONTEXT)) builder.on(event, () => this.#workInLateAnswer());
    this.#listen();
    this.#updateButtons();
    builder.start();
    await this.#open();
  }

  /** The current state as the body of a call. */
  state() {
    this.#collect();
    const { key } = this.steps[this.#at] ?? { key: "" };
    return {
      step: key,
      arguments: this.#arguments,
      journey: this.#journey,
      activity: { name: this.#name, key: this.#activity?.key ?? null },
      audience: this.#audience,
      culture: this.#culture,
    };
  }

  /** Has what stands there checked now, without waiting for a pause in typing. A failure is told. */
  check() {
    return this.#attempt("check", async () => {
      await this.#rendering;
      await this.#runCheck();
    });
  }

  /** Gets everything that the first step needs. */
  async #open() {
    setLoading(true);
    this.stage.replaceChildren();
    const activity = await this.builder.answer("initActivity", ACTIVITY_MS);
    if (!activity || typeof activity !== "object") {
      showState("no-answer", { retry: () => this.#startAgain() });
      return;
    }
    this.#activity = activity;
    this.#name = activity.name ?? "";
    this.server.mid = midOf(activity);
    try {
      const { opened, notices } = await this.#readJourney(CONTEXT_MS);
      this.#arguments = opened.arguments;
      this.#audience = opened.audience ?? null;
      byId("notices").replaceChildren();
      this.#copyBox = null;
      this.#tell(opened, notices);
      await this.#render({ throws: true });
      this.#isReady = true;
      setLoading(false);
      this.#updateButtons();
      // What came while the page was opening was for nobody yet.
      this.#workInLateAnswer();
    } catch (error) {
      this.#showFailure(error);
    }
  }

  #startAgain() {
    this.builder.start();
    return this.#open();
  }

  /**
   * Has the server read what Journey Builder said of the journey, and the activity as one of this journey.
   *
   * @param {number} waitMs for answers that have not come
   * @returns {Promise<{opened: any, notices: string[]}>} what the activity is in it, and what is to be told of the journey
   */
  async #readJourney(waitMs) {
    const context = await this.#context(waitMs);
    const read = await this.server.journey({ ...context, activityKey: this.#activity.key ?? "" });
    const opened = await this.server.call("open", { activity: this.#activity, journey: read.journey });
    // What was typed before the journey turned out to be running is kept as it is.
    this.#collect();
    this.#journey = read.journey;
    this.#isReadOnly = read.readOnly || this.#activity.editable === false;
    // Only now, as what failed is to be tried again.
    this.#contextRead = JSON.stringify(context);
    return { opened, notices: read.notices ?? [] };
  }

  /** Shows what is to be known of the activity in its journey; what was told before may no longer be so. @param {any} opened @param {string[]} notices */
  #tell(opened, notices) {
    tellAll("journey", notices);
    tellAll("opened", opened.notices ?? []);
    if (this.#isReadOnly) notify("info", text("readOnly"), { key: "readOnly" });
    else withdraw("readOnly");
    const isCopy = Boolean(opened.copied) && !this.#isReadOnly;
    if (isCopy) {
      // Who has confirmed it need not do so again.
      this.#copyBox ??= warnOfCopy(opened.copied);
    } else if (this.#copyBox) {
      withdraw("copy");
      this.#copyBox = null;
    }
  }

  /** @param {number} waitMs for answers that have not come @returns {Promise<Record<string, unknown>>} */
  async #context(waitMs) {
    const names = Object.entries(CONTEXT);
    const answers = await Promise.all(names.map(([, event]) => this.builder.answer(event, waitMs)));
    return Object.fromEntries(names.map(([name], index) => [name, answers[index] ?? null]));
  }

  /** An answer that came after the page was ready: unless it says the same again, the form may know more now. */
  #workInLateAnswer() {
    if (!this.#isReady) return;
    clearTimeout(this.#lateTimer);
    this.#lateTimer = setTimeout(() => {
      this.#attempt("journey", async () => {
        if (JSON.stringify(await this.#context(0)) === this.#contextRead) return;
        // Its arguments are those that were saved; what stands in the form stays.
        const { opened, notices } = await this.#readJourney(0);
        this.#tell(opened, notices);
        this.#updateButtons();
        await this.#render();
      });
    }, LATE_MS);
  }

  /** In the form's place, as there is nothing yet that could be lost. @param {unknown} error */
  #showFailure(error) {
    if (!(error instanceof ServerError)) throw error;
    const names = { notConnected: "not-connected", sessionOver: "session-over", unreachable: "unreachable", refused: "unreachable" };
    // What is wrong may have been put right meanwhile: each state has its way to try again.
    showState(names[error.why], { sentence: error.message, retry: () => this.#open() });
  }

  // ---- Journey Builder's buttons

  #updateButtons() {
    const isLast = this.#at === this.steps.length - 1;
    const isEnabled = this.#isReady && this.#isSeen && !this.#isBusy && !(isLast && this.#isReadOnly);
    this.builder.send("updateButton", { button: "next", text: isLast ? "done" : "next", visible: true, enabled: isEnabled });
    this.builder.send("updateButton", { button: "back", visible: this.#at > 0, enabled: true });
  }

  async #next() {
    // A second click, or one before there is a form, is answered by what the first one comes to.
    if (!this.#isReady || this.#isBusy) return;
    if (!this.#isSeen) {
      this.builder.send("ready");
      return;
    }
    this.#isBusy = true;
    const at = this.#at;
    const isLast = at === this.steps.length - 1;
    let mayGoOn = false;
    try {
      await this.#rendering;
      mayGoOn = isLast ? await this.#save() : await this.#isStepRight();
      this.failures.forget("next");
    } catch (error) {
      this.#report("next", error, () => this.#next());
    } finally {
      this.#isBusy = false;
    }
    // Journey Builder may have gone to another step meanwhile, which the click did not mean.
    if (!mayGoOn || at !== this.#at) {
      this.builder.send("ready");
    } else if (!isLast) {
      this.#isSeen = false;
      this.#countNextSoon();
      this.builder.send("nextStep");
    }
  }

  async #isStepRight() {
    if (this.#isReadOnly) return true;
    const found = await this.#runCheck();
    const { key } = this.steps[this.#at] ?? {};
    const isRight = !(found.problems ?? []).some((/** @type {any} */ problem) => !problem.step || problem.step === key);
    if (!isRight) this.#showRefusal();
    return isRight;
  }

  #showRefusal() {
    this.#form?.showAll();
    this.#form?.focusFirstProblem();
  }

  /** Gives the activity back, which closes the page. @returns {Promise<boolean>} whether it went */
  async #save() {
    if (this.#isReadOnly) return false;
    if (this.#copyBox && !this.#copyBox.checked) {
      askToConfirm(this.#copyBox);
      return false;
    }
    const { step: _, activity: __, ...state } = this.state();
    const body = { ...state, activity: this.#activity, name: this.#name, confirmedCopy: this.#copyBox?.checked ?? false };
    try {
      const { activity } = await this.server.call("activity", body);
      this.#isDirty = false;
      this.builder.send("setActivityDirtyState", false);
      this.builder.send("updateActivity", activity);
      return true;
    } catch (error) {
      const problems = error instanceof ServerError ? error.answer?.problems : null;
      if (!Array.isArray(problems)) throw error;
      this.#form?.showProblems(this.#ofThisStep(problems));
      this.#showRefusal();
      return false;
    }
  }

  /** The last step has the problems of all, and each says where it is to be solved. @param {import("./form.js").Problem[]} problems */
  #ofThisStep(problems) {
    if (this.#at < this.steps.length - 1) return problems;
    return problems.map(({ argument, step: key, message }) => {
      const step = this.steps.find((one) => one.key === key);
      const isElsewhere = step && step !== this.steps[this.#at];
      return { argument, message: isElsewhere ? `${step.label}: ${message}` : message };
    });
  }

  #back() {
    if (this.#isBusy) return;
    if (this.#at > 0) this.builder.send("prevStep");
    else this.builder.send("ready");
  }

  /** @param {any} wanted `{key, label}` */
  #goTo(wanted) {
    const at = this.steps.findIndex(({ key }) => key === (wanted?.key ?? wanted));
    if (at < 0) {
      // Steps of an older config.json: ours take their place.
      this.builder.send("updateSteps", this.steps.map(({ key, label }) => ({ key, label, active: true })));
      return;
    }
    if (at === this.#at) return;
    if (!this.#isReady) {
      this.#at = at;
      return;
    }
    this.#attempt("step", async () => {
      await this.#rendering;
      this.#collect();
      this.#at = at;
      clearTimeout(this.#seenTimer);
      this.#isSeen = false;
      this.#updateButtons();
      await this.#render({ isNewStep: true });
    });
  }

  /** Next counts again once there was time to see what it goes on from. */
  #countNextSoon() {
    clearTimeout(this.#seenTimer);
    this.#seenTimer = setTimeout(() => {
      this.#isSeen = true;
      this.#updateButtons();
    }, SEEN_MS);
  }

  // ---- The step's form

  #listen() {
    const { stage } = this;
    stage.addEventListener("submit", (event) => event.preventDefault());
    stage.addEventListener("input", () => this.#onEdited());
    stage.addEventListener("change", ({ target }) => {
      this.#onEdited();
      if (target instanceof Element && target.closest("[data-rerender]")) this.#attempt("step", () => this.#render());
    });
    stage.addEventListener("pointerdown", () => this.#waitForRelease());
    stage.addEventListener("focusout", ({ target, relatedTarget }) => {
      if (!this.#form?.leave(target, relatedTarget)) return;
      // What was typed since the last check may have put the problem right that it found.
      if (this.#editsChecked === this.#edits) this.#released.then(() => this.#form?.showLeft());
      else if (this.#editsInCheck !== this.#edits) this.check();
    });
    stage.addEventListener("click", ({ target }) => {
      const button = target instanceof Element ? target.closest("button") : null;
      if (!button || button.disabled) return;
      const edit = editOf(button);
      // The buttons of rows that are being rendered anew mean rows that may not be there any more.
      if (edit && this.#renderings === 0) {
        this.#setDirty();
        this.#attempt("step", () => this.#render({ edit }));
      } else if (button.dataset.verify) {
        this.#attempt("verify", () => this.#verify(button));
      } else if (button.dataset.testSend !== undefined) {
        this.testSend.open(button);
      }
    });
  }

  #waitForRelease() {
    this.#released = new Promise((resolve) => {
      // The click comes behind the release. What is released outside of the page may not be told.
      const timer = setTimeout(resolve, PRESSED_MS);
      const release = () => {
        clearTimeout(timer);
        setTimeout(resolve);
      };
      for (const event of ["pointerup", "pointercancel"]) document.addEventListener(event, release, { once: true });
    });
  }

  #onEdited() {
    if (this.#isReadOnly) return;
    this.#setDirty();
    this.#checkSoon();
  }

  #setDirty() {
    if (this.#isDirty) return;
    this.#isDirty = true;
    this.builder.send("setActivityDirtyState", true);
  }

  /** Takes over what the controls say. */
  #collect() {
    if (!this.#form || this.#isReadOnly) return;
    this.#arguments = this.#form.collect();
    const audience = this.#form.audience();
    if (audience !== undefined) this.#audience = audience;
  }

  /**
   * Has the current step rendered, after an edit of its rows if there is one, and shows it.
   *
   * @param {{edit?: any, isNewStep?: boolean, throws?: boolean}} [options]
   * @returns {Promise<void>}
   */
  #render(options = {}) {
    const rendered = this.#rendering.then(() => this.#renderNow(options));
    this.#rendering = rendered.catch(() => {});
    return rendered;
  }

  /** @param {{edit?: any, isNewStep?: boolean}} options */
  async #renderNow({ edit = null, isNewStep = false }) {
    const { stage } = this;
    this.#cancelCheck();
    this.#renderings += 1;
    stage.setAttribute("aria-busy", "true");
    try {
      const sent = this.state();
      const answer = await this.server.call("step", { ...sent, edit });
      await this.#released;
      const earlier = this.#form;
      const typed = isNewStep ? [] : difference(sent.arguments, earlier?.collect() ?? sent.arguments);
      this.picker.close();
      const preview = isNewStep ? null : document.getElementById("preview");
      swap(stage, fragment(answer.html));
      this.#placePreview(preview);
      // The shell has both, so that they are there before there is anything to say.
      for (const id of ["status", "problems", "warnings"]) stage.querySelector(`#${id}`)?.remove();
      this.#form = new StepForm(stage, answer.arguments);
      this.#arguments = answer.arguments;
      if (this.#isReadOnly) this.#form.disable();
      if (earlier && !isNewStep) this.#form.continue(earlier);
      this.#form.retype(typed);
      this.failures.forget("step");
      this.#showTools();
      this.#nameStep();
      if (!this.#isSeen) this.#countNextSoon();
      if (isNewStep) this.#enterStep();
      else if (edit) focusAfter(stage, edit);
    } finally {
      this.#renderings -= 1;
      stage.setAttribute("aria-busy", String(this.#renderings > 0));
    }
    // What the check has to say must not hold up the form.
    this.#attempt("check", () => this.#runCheck());
  }

  /** The preview stands from the start and over re-renderings, so that nothing jumps when the check fills it. @param {HTMLElement | null} earlier */
  #placePreview(earlier) {
    const brought = document.getElementById("preview");
    if (earlier) {
      if (brought) brought.replaceWith(earlier);
      else this.stage.append(earlier);
    } else if (!brought && this.steps[this.#at]?.hasPreview) {
      this.stage.append(copyOf("empty-preview"));
    }
  }

  /** The new step starts at its top, and who can't see it hears its name. */
  #enterStep() {
    document.documentElement.scrollTop = 0;
    byId("step-title").focus({ preventScroll: true });
  }

  #nameStep() {
    const label = this.steps[this.#at]?.label ?? "";
    write(byId("step-title"), text("stepTitle", { label, number: this.#at + 1, count: this.steps.length }));
  }

  #showTools() {
    const tools = byId("tools");
    const steps = (tools.dataset.steps ?? "").split(" ");
    tools.hidden = !steps.includes(this.steps[this.#at]?.key ?? "") || this.#isReadOnly;
  }

  #checkSoon() {
    this.#edits += 1;
    clearTimeout(this.#checkTimer);
    this.#checkTimer = setTimeout(() => this.#attempt("check", () => this.#runCheck()), CHECK_AFTER_MS);
  }

  #cancelCheck() {
    clearTimeout(this.#checkTimer);
    this.#check?.abort();
  }

  /** Has everything checked and shows what was found; a newer check takes the place of an older one. @returns {Promise<any>} */
  async #runCheck() {
    this.#cancelCheck();
    const check = (this.#check = new AbortController());
    const form = this.#form;
    const edits = (this.#editsInCheck = this.#edits);
    const found = await this.server.call("check", this.state(), check.signal);
    await this.#released;
    if (check.signal.aborted) throw check.signal.reason;
    this.#editsChecked = edits;
    this.failures.forget("check");
    if (form === this.#form) form?.show({ ...found, problems: this.#ofThisStep(found.problems ?? []) }, fragment);
    this.testSend.offer(found);
    return found;
  }

  /** @param {HTMLButtonElement} button */
  async #verify(button) {
    const place = document.getElementById(button.getAttribute("aria-describedby") ?? "") ?? byId("announcer");
    button.disabled = true;
    try {
      const { arguments: list, journey } = this.state();
      const { sentence } = await this.server.call("verify", { arguments: list, journey, what: button.dataset.verify });
      place.textContent = sentence;
    } finally {
      button.disabled = false;
    }
  }

  /**
   * Does something that may fail at the server; a failure becomes a notice with a button that tries again.
   *
   * @param {string} key of what is done
   * @param {() => Promise<void>} action
   */
  async #attempt(key, action) {
    try {
      await action();
      this.failures.forget(key);
    } catch (error) {
      this.#report(key, error, () => this.#attempt(key, action));
    }
  }

  /** @param {string} key @param {unknown} error @param {() => void} again */
  #report(key, error, again) {
    // Something newer took its place.
    if (error instanceof DOMException && error.name === "AbortError") return;
    if (!(error instanceof ServerError)) throw error;
    this.failures.tell(key, error, again);
  }
}

/** What a button of the fragment asks to be done with the rows, or null. @param {HTMLButtonElement} button */
function editOf(button) {
  const { add, remove, number, edit } = button.dataset;
  if (edit) return JSON.parse(edit);
  if (add) return { add };
  return remove ? { remove, number: Number(number) } : null;
}

/**
 * What differs in `after`.
 *
 * @param {Arguments} before
 * @param {Arguments} after
 * @returns {Arguments}
 */
function difference(before, after) {
  const was = new Map(before);
  return after.filter(([name, value]) => was.get(name) !== value);
}
