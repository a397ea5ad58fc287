// @ts-check

const POINTS = 60;
const WIDTH = 120;
const HEIGHT = 32;
const PADDING = 2;

/** About the last minute of a value: a line from zero to the highest value, which stands beside it. */
export class Sparkline {
  /** @type {number[]} */
  #values = [];

  /** @param {SVGSVGElement} svg with a path `.line` and a path `.area` */
  constructor(svg) {
    svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
    svg.setAttribute('preserveAspectRatio', 'none');
    this.line = svg.querySelector('.line');
    this.area = svg.querySelector('.area');
  }

  /** @param {number} value */
  push(value) {
    this.#values.push(value);
    if (this.#values.length > POINTS) this.#values.shift();
    const line = this.#path(this.highest);
    this.line?.setAttribute('d', line);
    this.area?.setAttribute('d', `${line}V${HEIGHT}H${this.#x(0)}Z`);
  }

  /** Of the values that the line shows. */
  get highest() {
    return Math.max(0, ...this.#values);
  }

  /** @param {number} highest */
  #path(highest) {
    const y = (/** @type {number} */ value) =>
      HEIGHT - PADDING - (value / Math.max(1, highest)) * (HEIGHT - 2 * PADDING);
    return this.#values
      .map((value, index) => `${index === 0 ? 'M' : 'L'}${this.#x(index)} ${y(value).toFixed(1)}`)
      .join('');
  }

  /** @param {number} index from the oldest */
  #x(index) {
    return (((POINTS - this.#values.length + index) / (POINTS - 1)) * (WIDTH - 2 * PADDING) + PADDING).toFixed(1);
  }
}
