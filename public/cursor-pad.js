const KEY_STEP = 0.04;
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Shows everyone's cursor. Positions are numbers from 0 to 1, from left to right and from top to bottom. */
export class CursorPad {
  #pad;
  #moved;
  #own = { x: 0.5, y: 0.5 };
  #isWaiting = false;

  /** `moved` is called with each new position of the own cursor. */
  constructor(pad, moved) {
    this.#pad = pad;
    this.#moved = moved;
    pad.onpointermove = (event) => this.#point(event);
    pad.onkeydown = (event) => this.#step(event);
  }

  place(name, { x, y }, isOwn = false) {
    const cursor = this.#find(name) ?? this.#add(name, isOwn);
    cursor.style.left = `${x * 100}%`;
    cursor.style.top = `${y * 100}%`;
  }

  remove(name) {
    this.#find(name)?.remove();
  }

  clear() {
    for (const cursor of this.#pad.querySelectorAll('.cursor')) cursor.remove();
  }

  #find(name) {
    return this.#pad.querySelector(`[data-name="${CSS.escape(name)}"]`);
  }

  #add(name, isOwn) {
    const cursor = document.createElement('span');
    cursor.className = isOwn ? 'cursor own' : 'cursor';
    cursor.dataset.name = cursor.textContent = name;
    this.#pad.append(cursor);
    return cursor;
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
    this.#moved(this.#own);
  }
}

function within(value) {
  return Math.round(Math.min(1, Math.max(0, value)) * 1000) / 1000;
}
