import { joinRoom } from '../client.js';
import { CursorPad } from './cursor-pad.js';
import { LedgerForm } from './ledger-form.js';
import { MessageList } from './message-list.js';
import { serverStart } from './server-start.js';
import { roomPath, serviceNamed } from './services.js';
import { comeback, connected, ending, fullness, isRestart, sentence } from './state-words.js';
import { StatusLine } from './status-line.js';
import { Whiteboard } from './whiteboard.js';

/** A developer waits for the restarted server: try more often than by default. */
const BACKOFF = { maxMs: 1_000 };

/** One client of a room: its connection, its messages, and the controls of its service. */
export class Pane {
  #service = 'chat';
  #roomId = '';
  #room;
  /** Set while the connection is lost; says whether the server has announced a restart. */
  #outage;
  /** The run of the server that the client was last connected to; `undefined` if not known. */
  #serverStart;
  #messages;
  #status;
  #ledger;
  /** The controls that have a part in the protocol of their room, by name. */
  #parts;

  /** @param {0 | 1} number */
  constructor(number) {
    const name = `Client ${'AB'[number]}`;
    this.root = document.getElementById('pane').content.cloneNode(true).firstElementChild;
    this.root.setAttribute('aria-label', name);
    this.#find('h2').textContent = name;
    this.#messages = new MessageList(this.#find('.messages'));
    this.#status = new StatusLine(this.#find('.status'), () => this.#room?.reconnectNow());
    this.#parts = {
      board: new Whiteboard(this.#find('.whiteboard'), number),
      pad: new CursorPad(this.#find('.pad'), this.#messages),
    };
    this.#ledger = new LedgerForm(this.#find('.ledger'), (text) => this.#send(text));
    this.#find('.toggle').onclick = () => (this.#room ? this.#leave() : this.#join());
    this.#find('.token').onchange = () => this.#join();
    this.#find('.say').onsubmit = (event) => this.#submit(event);
    this.#find('.bytes').onclick = () => this.#send(crypto.getRandomValues(new Uint8Array(8)));
    this.#find('.counter').onclick = ({ target }) => target.dataset.text && this.#send(target.dataset.text);
  }

  /** The token for services with a guard. */
  set token(token) {
    this.#find('.token').value = token;
  }

  open(service, roomId) {
    this.#leave();
    this.#service = service;
    this.#roomId = roomId;
    const { controls, hint } = serviceNamed(service);
    for (const part of this.root.querySelectorAll('[data-for]')) part.hidden = !controls.includes(part.dataset.for);
    for (const part of this.root.querySelectorAll('[data-not-for]'))
      part.hidden = controls.includes(part.dataset.notFor);
    this.#find('.text').placeholder = hint;
    this.#find('.counter output').textContent = '';
    this.#ledger.clear();
    this.#messages.clear();
    this.#join();
  }

  #join() {
    this.#leave();
    const hasToken = serviceNamed(this.#service).controls.includes('token');
    const token = hasToken ? () => this.#find('.token').value : undefined;
    const room = joinRoom(roomPath(this.#service, this.#roomId), { token, backoff: BACKOFF });
    this.#room = room;
    room.onStatus((state) => this.#changed(state));
    room.onText((text) => this.#heard(text));
    room.onBinary((bytes) => this.#messages.received(bytes));
    this.#part?.open(room);
    this.#show('connecting');
    this.#status.say('connecting …');
  }

  #leave() {
    this.#room?.close();
  }

  #changed(state) {
    if (state.status === 'open') this.#opened(state);
    else if (state.status === 'closed') this.#closed(state);
    else if (fullness(state)) this.#turnAway(fullness(state));
    else this.#lost(state);
  }

  #opened(state) {
    const outage = this.#outage;
    const back = outage && comeback(state, outage.hasRestarted);
    const note = back && this.#messages.note(sentence(back));
    if (!state.resumed) this.#part?.joinedAnew?.();
    this.#messages.allSent({ isHeard: this.#isHeard });
    this.#outage = undefined;
    this.#show('open');
    this.#status.say(back ?? connected(state));
    void this.#lookForRestart(state, note);
  }

  /** A killed server announces nothing: asks the new one, and corrects `note`, if there is one. */
  async #lookForRestart(state, note) {
    const before = this.#serverStart;
    const now = await serverStart();
    this.#serverStart = now;
    if (!note || !before || !now || now === before || this.#room?.connection !== state) return;
    const back = comeback(state, true);
    note.textContent = sentence(back);
    this.#status.say(back);
  }

  #lost(state) {
    const wasOpen = this.root.dataset.state === 'open';
    const what = wasOpen || this.#outage ? 'connection lost' : 'no connection';
    if (wasOpen) {
      this.#outage = { hasRestarted: false };
      this.#messages.note(
        `${isRestart(state) ? 'The server restarts' : 'Connection lost'}. What you send now will wait.`,
      );
    }
    if (this.#outage && isRestart(state)) this.#outage.hasRestarted = true;
    this.#show('lost');
    this.#status.sayUntil(`${what},`, state.inMs);
  }

  #closed(state) {
    const end = ending(state);
    if (end) this.#messages.note(sentence(end));
    else if (this.root.dataset.state === 'open') this.#messages.note('You have left the room.');
    this.#stop(end ? 'failed' : 'closed', end ?? 'not connected');
  }

  /** A full room may stay full for a long time: say so instead of trying again and again. */
  #turnAway(why) {
    const text = `refused: ${why}`;
    this.#messages.note(sentence(text));
    this.#leave();
    this.#stop('failed', text);
  }

  #stop(mood, text) {
    this.#room = undefined;
    this.#outage = undefined;
    this.#messages.allDropped();
    this.#part?.close();
    this.#show(mood);
    this.#status.say(text);
  }

  #heard(text) {
    this.#messages.received(text);
    if (this.#service === 'counter') this.#find('.counter output').textContent = /-?\d+$/.exec(text)?.[0] ?? '';
    if (this.#service === 'ledger') this.#ledger.heard(text);
  }

  #submit(event) {
    event.preventDefault();
    const field = this.#find('.text');
    if (field.value === '') return;
    this.#send(field.value);
    field.value = '';
  }

  #send(data) {
    try {
      this.#room.send(data);
    } catch (error) {
      return this.#messages.note(error.message);
    }
    if (this.#room.status !== 'open') this.#messages.waits(data);
    else if (!this.#isHeard) this.#messages.sent(data);
  }

  get #part() {
    const [name] = serviceNamed(this.#service).controls;
    return this.#parts[name];
  }

  /** What is sent comes back and is shown then, so that it is there once. */
  get #isHeard() {
    return serviceNamed(this.#service).isHeardBySender === true;
  }

  /** `state` is connecting, open, lost, closed or failed. */
  #show(state) {
    this.root.dataset.state = state;
    this.#find('.toggle').textContent = this.#room ? 'Disconnect' : 'Connect';
    const buttons = this.root.querySelectorAll('.send, .bytes, .counter button, .ledger button, .undo, .clear');
    for (const button of buttons) button.disabled = !this.#room;
  }

  #find(selector) {
    return this.root.querySelector(selector);
  }
}
