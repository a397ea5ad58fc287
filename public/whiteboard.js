// @ts-check
/** @import { Room, RoomContract } from 'jamsocket-client' */
/** @import { board, Drawing as Lines, Person } from '../src/rooms/board.contract.js' */
import { Cursors } from './cursors.js';
import { Drawing } from './drawing.js';
import { Pen } from './pen.js';

/** The types of all that is sent, from the file that the server has them from. */
/** @typedef {RoomContract<typeof board> & { states: { drawing: Lines }, presence: Person }} BoardContract */
/** @typedef {Room<BoardContract>['presence']['others'][number]} Other */

/** By pane, so that a new visitor has two. */
const NAMES = [
  ['Ada', 'Barbara', 'Edsger', 'Grace', 'Joan', 'Margaret'],
  ['Alan', 'Donald', 'Frances', 'Hedy', 'Ken', 'Tim'],
];
const COLORS = [1, 3];
const [WIDTH, HEIGHT] = [1600, 1000];

/** One client of a board room: draws, and shows what the others draw and where they point. */
export class Whiteboard {
  /** @type {Room<BoardContract> | undefined} */
  #room;
  /** @type {Person['at']} */
  #at = null;

  /**
   * @param {HTMLElement} root
   * @param {0 | 1} pane has a name and a color of its own
   */
  constructor(root, pane) {
    /** @param {string} selector */
    const find = (selector) => /** @type {HTMLElement} */ (root.querySelector(selector));
    /** @type {NodeListOf<HTMLInputElement>} */
    const colors = root.querySelectorAll('.colors input');
    this.name = /** @type {HTMLInputElement} */ (find('.name'));
    this.people = find('.people');
    this.cursors = new Cursors(find('.board'));
    this.drawing = new Drawing(/** @type {any} */ (find('.drawing')));
    this.pen = new Pen(
      this.drawing,
      (at) => {
        this.#at = at;
        this.#tell();
      },
      async (piece) => this.#room?.request('draw', piece, { timeoutMs: Infinity }),
    );
    const kept = `name ${pane}`;
    this.name.value = localStorage.getItem(kept) ?? NAMES[pane][Math.floor(Math.random() * NAMES[pane].length)];
    this.name.onchange = () => {
      localStorage.setItem(kept, this.name.value);
      this.#tell();
    };
    this.pen.color = COLORS[pane];
    for (const radio of colors) {
      radio.name = `color ${pane}`;
      radio.checked = Number(radio.value) === this.pen.color;
      radio.onchange = () => {
        this.pen.color = Number(radio.value);
        this.#tell();
      };
    }
    find('.undo').onclick = () => this.#room?.emit('undo');
    find('.clear').onclick = () => this.#room?.emit('clear');
  }

  /** @param {Room<BoardContract>} room */
  open(room) {
    this.close();
    this.#room = room;
    room.onState('drawing', ({ lines }) => this.drawing.show(lines));
    room.presence.onChange(() => this.#showOthers(room.presence.others));
    this.#tell();
  }

  close() {
    this.#room = undefined;
    this.pen.lift();
    this.drawing.clear();
    this.#showOthers([]);
  }

  #tell() {
    const name = this.name.value.trim() || 'nobody';
    this.#room?.presence.set({ name, color: this.pen.color, at: this.#at });
  }

  /** @param {readonly Other[]} others */
  #showOthers(others) {
    const pointing = new Set();
    for (const { key, value, isAway } of others) {
      if (!value?.at) continue;
      const [x, y] = value.at;
      this.cursors.place(key, { name: value.name, color: value.color, x: x / WIDTH, y: y / HEIGHT, isAway });
      pointing.add(key);
    }
    this.cursors.keep(pointing);
    this.people.replaceChildren(...others.map(chip));
  }
}

/** @param {Other} other */
function chip({ value, isAway }) {
  const item = document.createElement('li');
  item.textContent = `${value?.name ?? 'somebody'}${isAway ? ', away' : ''}`;
  item.className = isAway ? 'away' : '';
  item.dataset.color = String(value?.color ?? 0);
  return item;
}
