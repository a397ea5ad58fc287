// @ts-check
/** @import { Drawing } from './drawing.js' */
import { setPoints } from './drawing.js';

/** A line of these lengths is smooth on every screen, in the board's own units. */
const MIN_STEP = 5;
/** Others see a line grow as smoothly as a cursor moves. */
const SEND_EVERY_MS = 40;
/** As many as a line may have (src/rooms/board.contract.ts); a longer one goes on as the next line. */
const MAX_POINTS = 200;
const [WIDTH, HEIGHT] = [1600, 1000];

/** @typedef {[x: number, y: number]} Point */
/** @typedef {{ line: number, color: number, points: Point[] }} Piece */

/** Turns what pointers do on the board into pieces of lines. A piece is shown until the room has it. */
export class Pen {
  color = 0;
  #lines = 0;
  #points = 0;
  /** `known` of the points were sent before. @type {{ points: Point[], known: number, element: Element } | undefined} */
  #piece;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {Drawing} drawing
   * @param {(at: Point | null) => void} pointed is called with each place of the pointer
   * @param {(piece: Piece) => Promise<unknown>} draw sends a piece; resolves or rejects when it need not be shown any more
   */
  constructor(drawing, pointed, draw) {
    this.drawing = drawing;
    this.draw = draw;
    const { svg } = drawing;
    svg.onpointerdown = (event) => {
      if (!event.isPrimary || event.button !== 0) return;
      svg.setPointerCapture(event.pointerId);
      this.#begin(this.#pointOf(event));
      pointed(this.#pointOf(event));
    };
    svg.onpointermove = (event) => {
      if (!event.isPrimary) return;
      if (this.#piece) for (const each of event.getCoalescedEvents()) this.#add(this.#pointOf(each));
      pointed(this.#pointOf(event));
    };
    svg.onpointerup = svg.onpointercancel = (event) => event.isPrimary && this.lift();
    svg.onpointerleave = (event) => event.isPrimary && pointed(null);
  }

  /** Ends the line. */
  lift() {
    this.#send();
    this.#piece?.element.remove();
    this.#piece = undefined;
  }

  /** @param {Point} point */
  #begin(point) {
    this.lift();
    this.#lines++;
    this.#points = 0;
    this.#piece = { points: [], known: 0, element: this.drawing.begin(this.color) };
    this.#add(point);
  }

  /** @param {Point} point */
  #add([x, y]) {
    if (!this.#piece) return;
    const { points, element } = this.#piece;
    const last = points.at(-1);
    if (last && Math.hypot(x - last[0], y - last[1]) < MIN_STEP) return;
    points.push([x, y]);
    this.#points++;
    setPoints(element, points);
    if (this.#points === MAX_POINTS) return this.#begin([x, y]);
    this.#timer ??= setTimeout(() => this.#send(), SEND_EVERY_MS);
  }

  /** Sends what is new of the line. The next piece begins where this one ends. */
  #send() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#piece) return;
    const { points, known, element } = this.#piece;
    if (points.length === known) return;
    this.#piece = { points: points.slice(-1), known: 1, element: this.drawing.begin(this.color) };
    const gone = () => element.remove();
    this.draw({ line: this.#lines, color: this.color, points: points.slice(known) }).then(gone, gone);
  }

  /**
   * @param {PointerEvent} event
   * @returns {Point}
   */
  #pointOf({ clientX, clientY }) {
    const { left, top, width, height } = this.drawing.svg.getBoundingClientRect();
    return [within((clientX - left) / width, WIDTH), within((clientY - top) / height, HEIGHT)];
  }
}

/**
 * @param {number} part
 * @param {number} whole
 */
function within(part, whole) {
  return Math.round(Math.min(1, Math.max(0, part)) * whole);
}
