// @ts-check
import { byId, element, setText } from './dom.js';
import { visibleText } from './visible.js';

const MAX_LINES = 200;

/**
 * The address of a room's WebSocket.
 *
 * @param {string} path of the service, with its parameters
 * @param {string} room id; for a service with several parameters, their encoded values joined by slashes
 * @param {string} query with or without its question mark
 */
export function socketUrl(path, room, query) {
  const values = countParameters(path) > 1 ? room.split('/') : [encodeURIComponent(room)];
  const filled = path.replace(/:\w+/g, () => values.shift() ?? '');
  const url = new URL(filled, location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.search = query;
  return url.href;
}

/** @param {string} path */
export function countParameters(path) {
  return path.match(/:\w+/g)?.length ?? 0;
}

/** A client of this page in the room. Guards and the origin check apply to it as to any other client. */
export class TestClient {
  /** @type {WebSocket | null} */
  #socket = null;
  #path = '';
  #room = '';
  #connect = byId('test-connect', HTMLButtonElement);
  #mode = byId('test-mode', HTMLSelectElement);
  #event = byId('test-event', HTMLInputElement);
  #message = byId('test-message', HTMLTextAreaElement);
  #send = byId('test-send', HTMLButtonElement);
  #log = byId('test-log', HTMLOListElement);

  constructor() {
    byId('test-address', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      if (this.#socket) this.disconnect();
      else this.#open();
    });
    byId('test-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#message.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      byId('test-form', HTMLFormElement).requestSubmit();
    });
    // The error may be fixed: clear it, since a form with an error cannot be sent.
    this.#message.addEventListener('input', () => this.#message.setCustomValidity(''));
    this.#mode.addEventListener('change', () => this.#showMode());
    this.#showMode();
    this.#showState();
  }

  /**
   * @param {string} path of the room's service; empty while it is not known
   * @param {string} room
   */
  aim(path, room) {
    if (path === this.#path && room === this.#room) return;
    this.disconnect();
    this.#log.replaceChildren();
    this.#path = path;
    this.#room = room;
    this.#showState();
  }

  disconnect() {
    this.#socket?.close(1000);
  }

  #open() {
    const query = byId('test-query', HTMLInputElement).value;
    const socket = new WebSocket(socketUrl(this.#path, this.#room, query));
    let wasOpen = false;
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    socket.addEventListener('open', () => {
      wasOpen = true;
      this.#say('note', 'connected');
      this.#showState();
      this.#message.focus();
    });
    socket.addEventListener('message', ({ data }) => {
      this.#say('received', typeof data === 'string' ? data : `binary ${hex(data)}`);
    });
    socket.addEventListener('close', ({ code, reason }) => {
      if (this.#socket === socket) this.#socket = null;
      const ended = `closed with ${code}${reason && `: ${reason}`}`;
      this.#say('note', wasOpen ? ended : 'refused: a guard, the origin check, a limit or the path');
      this.#showState();
    });
    this.#showState();
  }

  #submit() {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    const message = this.#compose();
    if (message === null) return;
    this.#socket.send(message);
    this.#say('sent', message);
    this.#message.value = '';
  }

  /** @returns {string | null} `null` if the input is invalid */
  #compose() {
    const text = this.#message.value;
    if (this.#mode.value === 'text') return text;
    try {
      const data = text.trim() === '' ? undefined : JSON.parse(text);
      return JSON.stringify({ event: this.#event.value, data });
    } catch (error) {
      this.#message.setCustomValidity(`Not JSON: ${error instanceof Error ? error.message : String(error)}`);
      this.#message.reportValidity();
      return null;
    }
  }

  #showMode() {
    const isEvent = this.#mode.value === 'event';
    this.#event.hidden = !isEvent;
    this.#event.required = isEvent;
    this.#message.setCustomValidity('');
    this.#message.placeholder = isEvent ? 'Data as JSON, or nothing' : 'Text. Enter sends, Shift+Enter is a new line';
  }

  #showState() {
    const isOpen = this.#socket?.readyState === WebSocket.OPEN;
    setText(this.#connect, this.#socket ? (isOpen ? 'Disconnect' : 'Connecting …') : 'Connect');
    this.#connect.disabled = this.#path === '';
    this.#connect.dataset.state = isOpen ? 'open' : 'closed';
    this.#send.disabled = !isOpen;
    const address = this.#path && new URL(socketUrl(this.#path, this.#room, '')).pathname;
    setText(byId('test-path', HTMLElement), address);
  }

  /**
   * @param {'sent' | 'received' | 'note'} kind
   * @param {string} text
   */
  #say(kind, text) {
    this.#log.append(element('li', kind, visibleText(text)));
    if (this.#log.childElementCount > MAX_LINES) this.#log.firstElementChild?.remove();
    this.#log.scrollTop = this.#log.scrollHeight;
  }
}

/** @param {ArrayBuffer} bytes */
function hex(bytes) {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
