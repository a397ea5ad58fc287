/** Often enough to see a room move. */
const EVERY_MS = 2_000;
/** A room that has just been opened begins in a moment. Asked again after twice the time, if it does not. */
const SOON_MS = 400;

/** Says which process of the cluster this page talks to, and which one has the room. Says nothing without a cluster. */
export class Whereabouts {
  #line;
  #query;
  #timer;
  #soonMs = SOON_MS;

  constructor(line) {
    this.#line = line;
  }

  show(service, room) {
    clearTimeout(this.#timer);
    this.#soonMs = SOON_MS;
    this.#query = new URLSearchParams({ service, room });
    void this.#ask(this.#query);
  }

  async #ask(query) {
    const where = await whereIs(query);
    if (query !== this.#query) return;
    const inMs = where?.owner === undefined ? this.#soonMs : EVERY_MS;
    this.#soonMs = where?.owner === undefined ? Math.min(EVERY_MS, 2 * this.#soonMs) : SOON_MS;
    if (where?.isOn !== false) this.#timer = setTimeout(() => void this.#ask(query), inMs);
    const text = where?.isOn ? sentence(where) : '';
    if (this.#line.textContent !== text) this.#line.textContent = text;
    this.#line.hidden = text === '';
  }
}

async function whereIs(query) {
  try {
    const response = await fetch(`/cluster?${query}`);
    return response.ok ? await response.json() : undefined;
  } catch {
    return undefined;
  }
}

function sentence({ self, owner, nodes }) {
  const where = owner === undefined ? 'No process has the room' : `${owner === self ? 'It' : owner} has the room`;
  return `This page talks to ${self}. ${where}. Processes: ${nodes.join(', ')}.`;
}
