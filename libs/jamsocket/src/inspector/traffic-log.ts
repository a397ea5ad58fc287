import type { SentMessage } from '../members/sent-message.js';
import type { Client } from '../members/client.js';
import type { ReceivedMessage } from '../observe/room-observer.js';
import type { Traffic, TrafficEntry } from './inspector-events.js';

/** Entries in one interval: more than a person can read, and a bound on the cost for the rooms. */
const MAX_ENTRIES = 500;
/** Messages up to this length are shown whole, while they fit into what one interval may show. */
const MAX_WHOLE = 16_384;
const MAX_WHOLE_OF_INTERVAL = 1_048_576;
/** Of all others the beginning. */
const MAX_PREVIEW = 1_000;
const SHOWN_BYTES = 64;
const MAX_NAMED = 3;
/** Beginning of the messages of `emit` and of Nest's ws adapter. */
const EVENT = /^\s*\{\s*"event"\s*:\s*"([^"\\]{1,100})"/;

type Details = Omit<TrafficEntry, 'n' | 'at'>;

/** The traffic of one room, or of all rooms of a service, for one page. It is bounded even if the page does not read it. */
export class TrafficLog {
  #entries: TrafficEntry[] = [];
  #ofInterval = 0;
  #dropped = 0;
  #n = 0;
  #isMixed = false;
  /** Characters that may still be shown in this interval. */
  #left = MAX_WHOLE_OF_INTERVAL;

  /** @param isOfService whether the entries name their rooms */
  constructor(private readonly isOfService = false) {}

  received(client: Client, message: ReceivedMessage, room?: string): void {
    if (this.#isOpen()) this.#add({ dir: 'in', room, client: String(client.id), ...this.#describe(message) });
  }

  sent(message: SentMessage, room?: string): void {
    if (this.#isOpen()) this.#add({ dir: 'out', room, to: nameRecipients(message), ...this.#describe(message) });
  }

  /** Adds an entry that is not a message. */
  note(dir: TrafficEntry['dir'], client: Client | undefined, preview: string, more: Partial<Details> = {}): void {
    if (!this.#isOpen()) return;
    this.#add({ dir, ...(client && { client: String(client.id) }), preview: cut(preview), bytes: 0, ...more });
  }

  /** Adds what another worker has logged of the same service. That worker has bounded it. */
  include({ entries, dropped }: Traffic): void {
    this.#isMixed = true;
    this.#dropped += dropped;
    for (const entry of entries) this.#entries.push(entry);
  }

  /** Starts the next interval, with space for new entries. */
  nextInterval(): void {
    this.#ofInterval = this.#entries.length;
    this.#left = MAX_WHOLE_OF_INTERVAL;
  }

  /** The new entries; `undefined` if there are none. */
  take(): Traffic | undefined {
    if (this.#entries.length === 0 && this.#dropped === 0) return undefined;
    if (this.#isMixed) this.#entries.sort((a, b) => a.at - b.at);
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

  #add({ room, ...details }: Details): void {
    this.#ofInterval++;
    this.#entries.push({ n: this.#n, at: Date.now(), ...(this.isOfService && { room }), ...details });
  }

  #describe({ kind, payload, bytes }: ReceivedMessage | SentMessage): Omit<Details, 'dir'> {
    if (typeof payload !== 'string') return { kind, bytes, preview: payload.toString('hex', 0, SHOWN_BYTES) };
    const event = EVENT.exec(payload)?.[1];
    const isWhole = payload.length <= Math.min(MAX_WHOLE, this.#left);
    if (isWhole) this.#left -= payload.length;
    return {
      kind: event === undefined ? 'text' : 'event',
      ...(event !== undefined && { event: copyOf(event) }),
      bytes,
      preview: isWhole ? payload : cut(payload),
    };
  }
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
