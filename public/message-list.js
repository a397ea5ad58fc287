const MAX_LINES = 500;
/** A reader within this many pixels of the end follows new messages. */
const END_SLACK = 40;

/** The messages of a pane, newest last. It scrolls to new messages unless the reader has scrolled up. */
export class MessageList {
  #list;
  #waiting = [];

  constructor(list) {
    this.#list = list;
  }

  clear() {
    this.#list.replaceChildren();
    this.#waiting = [];
  }

  /** Adds a line of the page itself. @returns the line */
  note(text) {
    return this.#add('note', '·', text);
  }

  received(data) {
    this.#add('received', '←', textOf(data));
  }

  sent(data) {
    this.#add('sent', '→', textOf(data));
  }

  /** Adds a message that waits for a connection. */
  waits(data) {
    this.#waiting.push(this.#add('waiting', '…', textOf(data)));
  }

  /** Waiting messages have been sent. `isHeard`: they come back, and are shown then. */
  allSent({ isHeard }) {
    if (isHeard) for (const line of this.#waiting.splice(0)) line.remove();
    this.#settle('sent', '→');
  }

  /** Waiting messages will never be sent. */
  allDropped() {
    this.#settle('dropped', '×');
  }

  #settle(kind, mark) {
    for (const line of this.#waiting) setKind(line, kind, mark);
    this.#waiting = [];
  }

  #add(kind, mark, text) {
    const list = this.#list;
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < END_SLACK;
    const line = document.createElement('li');
    line.textContent = text;
    setKind(line, kind, mark);
    list.append(line);
    if (list.childElementCount > MAX_LINES) list.firstElementChild.remove();
    if (isAtEnd) list.scrollTop = list.scrollHeight;
    return line;
  }
}

function setKind(line, kind, mark) {
  line.className = kind;
  line.dataset.mark = mark;
}

function textOf(data) {
  return typeof data === 'string' ? data : `bytes ${hex(data)}`;
}

function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
