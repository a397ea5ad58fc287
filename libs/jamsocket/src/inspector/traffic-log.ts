import type { SentMessage } from '../members/sent-message.js';
import type { Client } from '../members/client.js';
import type { ReceivedMessage } from '../observe/room-observer.js';
import type { Traffic, TrafficEntry } from './inspector-events.js';

/** Entries in one interval: more than a person can read, and a bound on the cost for the rooms. */
const MAX_ENTRIES = 500;
const MAX_PREVIEW = 1_000;
const SHOWN_BYTES = 64;
const MAX_NAMED = 3;
/** Beginning of the messages of `emit` and of Nest's ws adapter. */
const EVENT = /^\s*\{\s*"event"\s*:\s*"([^"\\]{1,100})"/;

type Details = Omit<TrafficEntry, 'n' | 'at'>;

/** The traffic of one room, for one page. It is bounded even if the page does not read it. */
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

  /** Adds an entry that is not a message. */
  note(dir: TrafficEntry['dir'], client: Client | undefined, preview: string, more: Partial<Details> = {}): void {
    if (!this.#isOpen()) return;
    this.#add({ dir, ...(client && { client: String(client.id) }), preview: cut(preview), bytes: 0, ...more });
  }

  /** Starts the next interval, with space for new entries. */
  nextInterval(): void {
    this.#ofInterval = this.#entries.length;
  }

  /** The new entries; `undefined` if there are none. */
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

/** Copies a substring, which would otherwise keep the whole message in memory while the entry waits. */
function copyOf(part: string): string {
  return Buffer.from(part, 'utf16le').toString('utf16le');
}
