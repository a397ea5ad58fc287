import { Cursors } from './cursors.js';

const KEY_STEP = 0.04;
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const [OTHERS, OWN] = [1, 0];

/** A client of a cursors room: shows everyone's cursor. Positions are numbers from 0 to 1. */
export class CursorPad {
  #pad;
  #messages;
  #cursors;
  #room;
  #own = { x: 0.5, y: 0.5 };
  #isWaiting = false;

  constructor(pad, messages) {
    this.#pad = pad;
    this.#messages = messages;
    this.#cursors = new Cursors(pad);
    pad.onpointermove = (event) => this.#point(event);
    pad.onkeydown = (event) => this.#step(event);
  }

  open(room) {
    this.#room = room;
    const watch = (event, react) =>
      room.on(event, (data) => {
        this.#messages.received(JSON.stringify({ event, data }));
        react(`client ${data.id}`, data);
      });
    watch('joined', () => undefined);
    watch('move', (name, { x, y }) => this.#cursors.place(name, { name, color: OTHERS, x, y }));
    watch('left', (name) => this.#cursors.remove(name));
  }

  /** Who was there before is unknown. */
  joinedAnew() {
    this.#cursors.keep();
  }

  close() {
    this.#room = undefined;
    this.#cursors.keep();
  }

  #point({ clientX, clientY }) {
    // More than one message a frame would not be visible.
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    requestAnimationFrame(() => {
      this.#isWaiting = false;
      const { left, top, width, height } = this.#pad.getBoundingClientRect();
      this.#moveTo((clientX - left) / width, (clientY - top) / height);
    });
  }

  #step(event) {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    this.#moveTo(this.#own.x + step[0] * KEY_STEP, this.#own.y + step[1] * KEY_STEP);
  }

  #moveTo(x, y) {
    this.#own = { x: within(x), y: within(y) };
    // Positions are useless later, so do not queue them without a connection.
    if (this.#room?.status !== 'open') return;
    this.#cursors.place('you', { name: 'you', color: OWN, ...this.#own });
    this.#room.emit('move', this.#own);
    this.#messages.sent(JSON.stringify({ event: 'move', data: this.#own }));
  }
}

function within(value) {
  return Math.round(Math.min(1, Math.max(0, value)) * 1000) / 1000;
}
