/** Often enough to see a room move. */
const EVERY_MS = 2_000;

/** Says which process of the cluster this page talks to, and which one has the room. Says nothing without a cluster. */
export class Whereabouts {
  #line;
  #query;
  #timer;

  constructor(line) {
    this.#line = line;
  }

  show(service, room) {
    clearTimeout(this.#timer);
    this.#query = new URLSearchParams({ service, room });
    void this.#ask(this.#query);
  }

  async #ask(query) {
    const where = await whereIs(query);
    if (query !== this.#query) return;
    if (where?.isOn !== false) this.#timer = setTimeout(() => void this.#ask(query), EVERY_MS);
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
  const where = owner === undefined ? 'Nobody has the room' : `${owner === self ? 'It' : owner} has the room`;
  return `This page talks to ${self}. ${where}. Nodes: ${nodes.join(', ')}.`;
}
