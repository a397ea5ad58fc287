/** As long as the server makes one wait between two kills. */
const PAUSE_MS = 12_000;
const EXPLANATION = {
  board: 'Every line is saved before anyone sees it, so nothing is lost.',
  ledger: 'Every entry is saved before anyone hears of it, so nothing is lost.',
  counter: 'It is saved a second after a change, so the last second may be lost.',
};
const BEGINS_ANEW = 'This room is not durable, so it begins anew.';

/** Kills the process that has the room, where another one takes its place. */
export class KillButton {
  #section;
  #button;
  #words;
  #query;

  constructor(section) {
    this.#section = section;
    this.#button = section.querySelector('button');
    this.#words = section.querySelector('[role=status]');
    this.#button.onclick = () => void this.#kill();
    void this.#showIfPossible();
  }

  /** Says what will happen to this room. */
  show(service, room) {
    this.#query = new URLSearchParams({ service, room });
    const what = EXPLANATION[service] ?? BEGINS_ANEW;
    this.#words.textContent = `Sends kill -9 to the server process that has this room. Another process takes the room over at once. ${what}`;
  }

  async #showIfPossible() {
    const answer = await ask('GET', '/kill');
    this.#section.hidden = !answer?.isPossible;
  }

  async #kill() {
    this.#button.disabled = true;
    const { killed, message } = (await ask('POST', `/kill?${this.#query}`)) ?? {};
    this.#words.textContent = killed
      ? `${killed} has been killed. Both clients come back by themselves.`
      : (message ?? 'The server does not answer.');
    setTimeout(() => (this.#button.disabled = false), killed ? PAUSE_MS : 0);
  }
}

async function ask(method, url) {
  try {
    const response = await fetch(url, { method, headers: { 'X-Demo': 'kill' } });
    return await response.json();
  } catch {
    return undefined;
  }
}
