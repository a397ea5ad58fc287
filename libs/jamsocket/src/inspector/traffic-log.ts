import type { SentMessage } from '../members/sent-message.js';
import type { Client } from '../members/client.js';
import type { ReceivedMessage } from '../observe/room-observer.js';
import type { Traffic, TrafficEntry } from './inspector-events.js';

/** Entries of one interval. A person cannot read more, and the rooms should not pay for it. */
const MAX_ENTRIES = 500;
const MAX_PREVIEW = 1_000;
const SHOWN_BYTES = 64;
const MAX_NAMED = 3;
/** As the messages of Nest's ws adapter begin, and those of `emit`. */
const EVENT = /^\s*\{\s*"event"\s*:\s*"([^"\\]{1,100})"/;

type Details = Omit<TrafficEntry, 'n' | 'at'>;

/** What goes on in one room, for one who watches it. It is bounded, whether or not anybody takes it. */
export class TrafficLog {
  #entries: TrafficEntry[] = [];
  #ofInterval = 0;
  #dropped = 0;
  #n = 0;

  received(client: Client, message: ReceivedMessage): void {
    if (this.#isOpen()) this.#add({ dir: 'in', client: String(client.id), ...describe(message) });
  }

  sent(message: SentMessage): void {
    if (this.#isOpen()) this.#add({ dir: 'out', to: nameRecipients(message), ...describe(message) });
  }

  /** Something that is no message. */
  note(dir: TrafficEntry['dir'], client: Client | undefined, preview: string, more: Partial<Details> = {}): void {
    if (!this.#isOpen()) return;
    this.#add({ dir, ...(client && { client: String(client.id) }), preview: cut(preview), bytes: 0, ...more });
  }

  /** Another interval: there is space for as many entries again. */
  nextInterval(): void {
    this.#ofInterval = this.#entries.length;
  }

  /** What is new, or `undefined` if nothing is. */
  take(): Traffic | undefined {
    if (this.#entries.length === 0 && this.#dropped === 0) return undefined;
    const traffic = { entries: this.#entries, dropped: this.#dropped };
    this.#entries = [];
    this.#dropped = 0;
    return traffic;
  }

  /** Counts the entry. @returns whether there is space for it */
  #isOpen(): boolean {
    this.#n++;
    if (this.#ofInterval < MAX_ENTRIES) return true;
    this.#dropped++;
    return false;
  }

  #add(details: Details): void {
    this.#ofInterval++;
    this.#entries.push({ n: this.#n, at: Date.now(), ...details });
  }
}

function describe({ kind, payload, bytes }: ReceivedMessage | SentMessage): Omit<Details, 'dir'> {
  if (typeof payload !== 'string') return { kind, bytes, preview: payload.toString('hex', 0, SHOWN_BYTES) };
  const event = EVENT.exec(payload)?.[1];
  return {
    kind: event === undefined ? 'text' : 'event',
    ...(event !== undefined && { event: copyOf(event) }),
    bytes,
    preview: cut(payload),
  };
}

function nameRecipients({ to, except, recipients }: SentMessage): string {
  if (to !== undefined) return to.length <= MAX_NAMED ? idsOf(to) : `${recipients} clients`;
  if (except.length === 0) return 'everyone';
  return `everyone but ${except.length <= MAX_NAMED ? idsOf(except) : `${except.length} clients`}`;
}

function idsOf(clients: readonly Client[]): string {
  return clients.map(({ id }) => id).join(', ');
}

function cut(text: string): string {
  return text.length > MAX_PREVIEW ? copyOf(`${text.slice(0, MAX_PREVIEW - 1)}…`) : text;
}

/** A part of a string keeps the whole of it in memory: an entry may wait for long, and its message may be large. */
function copyOf(part: string): string {
  return Buffer.from(part, 'utf16le').toString('utf16le');
}
