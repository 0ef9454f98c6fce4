// The modal around an activity's page: the wizard's steps above, the buttons below.

import { by, call, element, problem } from './page.js';
import { Host } from './host.js';

const dialog = by('modal');
let open = null;

// `kind` is `configuration` or `running`; `isReadOnly` keeps what the page hands over from being stored. `closed` is
// called when the modal is gone.
export function openModal({ journey, step, kind, isReadOnly, closed, log }) {
  open?.close();
  open = new Modal({ journey, step, kind, isReadOnly, closed, log });
}

class Modal {
  constructor({ journey, step, kind, isReadOnly, closed, log }) {
    Object.assign(this, { journey, step, isReadOnly, closed });
    this.isRunning = kind === 'running';
    this.texts = step.endpoint.texts ?? {};
    this.setSteps(this.isRunning ? [] : step.endpoint.steps);
    this.current = 0;
    this.buttons = {};
    // Until the page is there, and while it thinks.
    this.isBusy = true;
    this.isDirty = false;
    const page = this.isRunning ? step.endpoint.runningModal : step.endpoint.modal;
    this.frame = element('iframe', { title: step.endpoint.name });
    by('modal-title').textContent = step.activity.name || step.endpoint.name;
    by('modal-frame').replaceChildren(this.frame);
    dialog.style.width = page.fullscreen ? '100vw' : `${page.width}px`;
    dialog.style.height = page.fullscreen ? '100vh' : `${page.height}px`;
    const activity = isReadOnly ? { ...step.activity, editable: false } : step.activity;
    this.host = new Host({
      frame: this.frame, url: page.url, journey, activity, log,
      init: this.isRunning ? 'initActivityRunningModal' : 'initActivity', on: this.handlers(),
    });
    const begin = this.host.begin.bind(this.host);
    this.host.begin = () => {
      this.rest();
      begin();
    };
    by('discard').hidden = true;
    this.render();
    dialog.showModal();
    this.host.open().catch(problem);
  }

  handlers() {
    return {
      // The step must not change: the page has refused it.
      ready: () => this.rest(),
      nextStep: () => this.move(1),
      prevStep: () => this.move(-1),
      updateButton: (button) => this.updateButton(button),
      updateSteps: (steps) => this.updateSteps(steps),
      updateActivity: (activity) => this.store(activity),
      setActivityDirtyState: (isDirty) => { this.isDirty = Boolean(isDirty); },
      destroy: () => { if (this.isRunning) this.close(); },
      requestInspectorClose: () => this.cancel(),
    };
  }

  setSteps(steps) {
    this.steps = steps.filter((step) => step.active !== false);
  }

  updateSteps(steps) {
    if (!Array.isArray(steps)) return;
    const key = this.steps[this.current]?.key;
    this.setSteps(steps.map((step) => ({ ...step, label: this.texts[step.label] ?? step.label })));
    this.current = Math.max(0, this.steps.findIndex((step) => step.key === key));
    this.render();
  }

  updateButton(button) {
    const known = button?.button;
    if (known !== 'next' && known !== 'back') return;
    const { text, visible, enabled } = button;
    const changed = { ...this.buttons[known] };
    if (enabled !== undefined) changed.enabled = Boolean(enabled);
    if (known === 'next' && (text === 'next' || text === 'done')) changed.text = text;
    if (known === 'back' && visible !== undefined) changed.visible = Boolean(visible);
    this.buttons[known] = changed;
    this.render();
  }

  rest() {
    this.isBusy = false;
    this.render();
  }

  move(by) {
    this.isBusy = false;
    const step = this.steps[this.current + by];
    if (step) {
      this.current += by;
      this.buttons = {};
      const { key, label } = step;
      this.host.send('gotoStep', { key, label, active: true });
    }
    this.render();
  }

  click(event) {
    this.isBusy = true;
    this.render();
    this.host.send(event);
  }

  async store(activity) {
    if (this.isRunning) return;
    if (this.isReadOnly) {
      problem(new Error('The journey is not a draft: its activities cannot be changed.'));
      this.rest();
      return;
    }
    try {
      await call('PUT', `/journeys/${this.journey}/activities/${this.step.key}`, activity);
      this.close();
    } catch (error) {
      problem(error);
      this.rest();
    }
  }

  cancel() {
    if (this.isDirty && !this.isReadOnly) by('discard').hidden = false;
    else this.close();
  }

  close() {
    open = null;
    this.host.end();
    this.frame.remove();
    dialog.close();
    this.closed();
  }

  render() {
    const { next = {}, back = {} } = this.buttons;
    const isLast = this.current >= this.steps.length - 1;
    by('modal-steps').replaceChildren(...this.steps.map((step, index) => {
      const item = element('li', { data: { step: step.key } }, step.label ?? step.key);
      if (index === this.current) item.setAttribute('aria-current', 'step');
      return item;
    }));
    by('modal-next').hidden = by('modal-back').hidden = this.isRunning;
    by('modal-next').textContent = (next.text ?? (isLast ? 'done' : 'next')) === 'done' ? 'Done' : 'Next';
    by('modal-next').disabled = this.isBusy || next.enabled === false;
    if (!this.isRunning) by('modal-back').hidden = !(back.visible ?? this.current > 0);
    by('modal-back').disabled = this.isBusy || back.enabled === false;
    by('modal-cancel').textContent = this.isRunning ? 'Close' : 'Cancel';
  }
}

by('modal-next').addEventListener('click', () => open?.click('clickedNext'));
by('modal-back').addEventListener('click', () => open?.click('clickedBack'));
by('modal-cancel').addEventListener('click', () => open?.cancel());
by('discard-yes').addEventListener('click', () => open?.close());
by('discard-no').addEventListener('click', () => { by('discard').hidden = true; });
// Escape is Cancel.
dialog.addEventListener('cancel', (event) => {
  event.preventDefault();
  open?.cancel();
});
// The browser closes a dialog whose Escape is prevented too often.
dialog.addEventListener('close', () => {
  if (!dialog.open) open?.close();
});
