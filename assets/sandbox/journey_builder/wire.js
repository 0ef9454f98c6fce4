// Postmonger's wire, the host's side: texts of JSON {"e":event,"a1":…} between two windows, and nothing from any other.

export class Wire {
  // `origin` is the page's: messages go there only, and come from there only.
  constructor(frame, origin) {
    this.frame = frame;
    this.origin = origin;
    this.handlers = new Map();
    this.log = () => {};
    this.listener = (message) => this.receive(message);
    window.addEventListener('message', this.listener);
  }

  on(event, handler) {
    this.handlers.set(event, handler);
  }

  receive(message) {
    if (message.source !== this.frame.contentWindow || message.origin !== this.origin) return;
    let data;
    try {
      data = JSON.parse(message.data);
    } catch {
      return;
    }
    if (!data || !data.e) return;
    // In the order they were written; their names mean nothing.
    const args = Object.keys(data).filter((name) => name !== 'e').map((name) => data[name]);
    this.log('in', data.e, args);
    this.handlers.get(data.e)?.(...args);
  }

  send(event, ...args) {
    this.log('out', event, args);
    this.post(Wire.text(event, ...args));
  }

  // Also what is no message at all.
  post(data) {
    this.frame.contentWindow?.postMessage(data, this.origin);
  }

  static text(event, ...args) {
    const message = { e: event };
    args.forEach((value, index) => { message[`a${index + 1}`] = value; });
    return JSON.stringify(message);
  }

  end() {
    window.removeEventListener('message', this.listener);
  }
}
