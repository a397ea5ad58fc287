// @ts-check
const SVG = 'http://www.w3.org/2000/svg';

/** @typedef {{ readonly [name: string]: { readonly color: number, readonly points: readonly (readonly [number, number])[] } }} LinesByName */

/** The lines of the board, as SVG. */
export class Drawing {
  /** By name, what is shown of a line. @type {Map<string, { line: LinesByName[string], element: Element }>} */
  #shown = new Map();

  /** @param {SVGElement} svg */
  constructor(svg) {
    this.svg = svg;
    this.dry = svg.appendChild(document.createElementNS(SVG, 'g'));
    this.wet = svg.appendChild(document.createElementNS(SVG, 'g'));
  }

  /** @param {LinesByName} lines */
  show(lines) {
    for (const [name, { element }] of this.#shown) {
      if (Object.hasOwn(lines, name)) continue;
      element.remove();
      this.#shown.delete(name);
    }
    for (const [name, line] of Object.entries(lines)) {
      const shown = this.#shown.get(name);
      // What has not changed is the same object as before.
      if (shown?.line === line) continue;
      const element = shown?.element ?? lineIn(this.dry, line.color);
      setPoints(element, line.points);
      this.#shown.set(name, { line, element });
    }
    const { size } = this.#shown;
    this.svg.setAttribute('aria-label', `Whiteboard with ${size} ${size === 1 ? 'line' : 'lines'}`);
  }

  /** A line that only this page knows so far. @param {number} color */
  begin(color) {
    return lineIn(this.wet, color);
  }

  clear() {
    this.show({});
    this.wet.replaceChildren();
  }
}

/**
 * @param {Element} element
 * @param {readonly (readonly [number, number])[]} points
 */
export function setPoints(element, points) {
  // One point alone is not drawn.
  element.setAttribute('points', (points.length === 1 ? [points[0], points[0]] : points).join(' '));
}

/**
 * @param {Element} group
 * @param {number} color
 */
function lineIn(group, color) {
  const line = document.createElementNS(SVG, 'polyline');
  line.dataset.color = String(color);
  return group.appendChild(line);
}
