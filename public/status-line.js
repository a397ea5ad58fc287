/** State of a pane's connection, with a countdown to the next attempt and a button that starts it at once. */
export class StatusLine {
  #state;
  #countdown;
  #now;
  #timer;

  /** `dialNow` is called when the button is pressed. */
  constructor(line, dialNow) {
    this.#state = line.querySelector('.state');
    this.#countdown = line.querySelector('.countdown');
    this.#now = line.querySelector('.now');
    this.#now.onclick = dialNow;
  }

  say(text) {
    clearTimeout(this.#timer);
    this.#state.textContent = text;
    this.#countdown.textContent = '';
    this.#now.hidden = true;
  }

  /** Like `say`, with a countdown to the next attempt. */
  sayUntil(text, inMs) {
    this.say(text);
    this.#now.hidden = false;
    this.#count(performance.now() + inMs);
  }

  #count(until) {
    const leftMs = until - performance.now();
    const isDue = leftMs <= 0;
    this.#countdown.textContent = isDue ? 'trying …' : `next try in ${Math.ceil(leftMs / 1000)} s`;
    this.#now.hidden = isDue;
    if (!isDue) this.#timer = setTimeout(() => this.#count(until), leftMs % 1000 || 1000);
  }
}
