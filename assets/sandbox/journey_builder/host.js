// One conversation with an activity's page: who asks is answered, in the order and the shapes that the address asks for.

import { call } from './page.js';
import { Wire } from './wire.js';

// A page asks within this of its last question, when answers are kept to be reversed.
const GATHERING_MS = 150;
const EARLY_EVERY_MS = 10;
const SHAPES = ['trigger', 'schema', 'culture', 'entryKey', 'language', 'status'];
const NONSENSE = ['no JSON', 'null', '""', '[]', '{"a1":1}', '{"e":""}', '{"e":null,"a1":{}}'];
const UNKNOWN = ['requestedNonsense', 'toString', 'constructor', '__proto__', 'all'];

// What the journey page's address asks for.
export function behaviours() {
  const query = new URLSearchParams(location.search);
  const list = (name) => (query.get(name) ?? '').split(',').filter(Boolean);
  const shapes = new URLSearchParams([...query].filter(([name]) => SHAPES.includes(name)));
  return {
    order: query.get('answers'), delay: Number(query.get('delay') ?? 0), withheld: list('withhold'),
    isInitTwice: query.get('init') === 'twice', isForeign: query.get('foreign') === '1',
    objects: query.get('objects'), hasUnknown: query.get('unknown') === '1', status: query.get('status'), shapes,
  };
}

export class Host {
  // `init` is the event that hands over `activity`; `on` has handlers of the page's other events, `ready` being heard
  // from its second time on.
  constructor({ frame, url, journey, activity, init, on, log }) {
    this.frame = frame;
    this.url = new URL(url);
    this.journey = journey;
    this.activity = activity;
    this.init = init;
    this.behaviours = behaviours();
    this.kept = [];
    this.isReady = false;
    this.isEnded = false;
    this.wire = new Wire(frame, this.url.origin);
    this.wire.log = log;
    for (const [event, handler] of Object.entries(on)) this.wire.on(event, handler);
    this.wire.on('ready', () => (this.isReady ? on.ready?.() : this.begin()));
  }

  // Loads the page when everything is there to answer it.
  async open() {
    const { shapes, order, isForeign } = this.behaviours;
    this.answers = await call('GET', `/journeys/${this.journey}/answers?${shapes}`);
    for (const event of [...Object.keys(this.answers), 'requestedTokens']) {
      this.wire.on(event.replace('requested', 'request'), () => this.answer(event));
    }
    if (isForeign) await this.letForeignIn();
    if (this.isEnded) return;
    this.frame.src = this.url.href;
    if (order === 'early') this.tellEarly();
  }

  begin() {
    this.isReady = true;
    this.forge();
    this.answer(this.init);
    if (this.behaviours.isInitTwice) this.answer(this.init);
    setTimeout(() => this.forge(), 3 * GATHERING_MS + this.behaviours.delay);
  }

  async value(event) {
    if (event === this.init) return this.activity;
    if (event === 'requestedTokens') return call('POST', `/journeys/${this.journey}/tokens`);
    return this.answers[event];
  }

  answer(event) {
    const { order, delay, withheld } = this.behaviours;
    if (withheld.includes(event)) return;
    if (order === 'reversed') {
      this.kept.push(event);
      clearTimeout(this.gathering);
      this.gathering = setTimeout(() => this.answerReversed(), GATHERING_MS + delay);
      return;
    }
    this.value(event).then((value) => setTimeout(() => this.send(event, value), delay));
  }

  async answerReversed() {
    const events = this.kept.splice(0).reverse();
    const values = await Promise.all(events.map((event) => this.value(event)));
    events.forEach((event, index) => this.send(event, values[index]));
  }

  async tellEarly() {
    const events = [...Object.keys(this.answers), 'requestedTokens', this.init];
    const wanted = events.filter((event) => !this.behaviours.withheld.includes(event));
    const values = await Promise.all(wanted.map((event) => this.value(event)));
    while (!this.isReady && !this.isEnded) {
      wanted.forEach((event, index) => this.wire.post(Wire.text(event, values[index])));
      await new Promise((resolve) => { setTimeout(resolve, EARLY_EVERY_MS); });
    }
  }

  send(event, ...args) {
    if (this.isEnded) return;
    const { objects, hasUnknown } = this.behaviours;
    const postObject = () => this.wire.post({ e: event, a1: this.forged(event, args[0]) });
    if (objects) postObject();
    if (objects === 'only') return;
    if (hasUnknown) {
      NONSENSE.forEach((text) => this.wire.post(text));
      UNKNOWN.forEach((unknown) => this.wire.post(Wire.text(unknown, { FORGED: true })));
    }
    this.wire.send(event, ...args);
    if (objects) postObject();
  }

  // What a page that takes objects would show.
  forged(event, value) {
    if (event !== this.init) return value;
    return { ...value, name: 'FORGED', arguments: { execute: { inArguments: [{ FORGED: 'FORGED' }] } } };
  }

  letForeignIn() {
    this.foreign = document.createElement('iframe');
    this.foreign.hidden = true;
    this.foreign.title = 'A foreign window';
    this.foreign.src = '/journey-builder/foreign';
    const loaded = new Promise((resolve) => { this.foreign.addEventListener('load', resolve, { once: true }); });
    document.body.append(this.foreign);
    return loaded;
  }

  forge() {
    if (!this.isEnded) this.foreign?.contentWindow.forgeTo(this.frame.contentWindow, window);
  }

  end() {
    this.isEnded = true;
    clearTimeout(this.gathering);
    this.wire.end();
    this.foreign?.remove();
  }
}
