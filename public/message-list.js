const MAX_LINES = 500;
/** Pixels from the end within which a reader is taken to follow. */
const END_SLACK = 40;

/** What was said in a pane, newest last. It follows the newest unless somebody has scrolled up. */
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

  /** A line of the page's own. */
  note(text) {
    this.#add('note', '·', text);
  }

  received(data) {
    this.#add('received', '←', textOf(data));
  }

  sent(data) {
    this.#add('sent', '→', textOf(data));
  }

  /** Will be sent as soon as there is a connection. */
  waits(data) {
    this.#waiting.push(this.#add('waiting', '…', textOf(data)));
  }

  /** What has waited is on its way. */
  allSent() {
    this.#settle('sent', '→');
  }

  /** What has waited will never be sent. */
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
