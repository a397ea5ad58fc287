import { inDetachedContext } from '../base/async-context.js';
import { JamsocketError } from '../base/errors.js';
import { groupedByPerson, personOf, type Person, type RoomPresence } from '../base/presence.js';
import type { JamsocketClock } from '../base/sources.js';
import type { Client, ClientId } from '../members/client.js';
import type { Members } from '../members/members.js';
import type { TickFlusher } from '../outbox/tick-flusher.js';
import { Frame } from '../wire/frame.js';
import { PresenceReaders } from './presence-readers.js';
import type { PresenceSettings } from './presence-settings.js';
import { valueJson } from './value-json.js';

/** What the presence needs of its room. */
export interface PresentRoom {
  readonly members: Members;
  readonly clock: JamsocketClock;
  readonly flusher: TickFlusher;
}

interface Entry {
  readonly client: Client;
  /** The value as JSON; `undefined` if there is none. */
  json: string | undefined;
}

/**
 * Who is in a room. Only the latest value of each client counts: changes are gathered, and a client that is behind or away
 * gets everything anew when it reads again, instead of what it has missed. Nothing of it is saved.
 */
export class PresenceMap implements RoomPresence {
  readonly #entries = new Map<ClientId, Entry>();
  readonly #changed = new Set<ClientId>();
  readonly #left = new Set<ClientId>();
  /** Clients that are not shown, since there are too many. */
  readonly #waiting = new Set<Client>();
  readonly #readers: PresenceReaders;
  #isScheduled = false;
  #timer: NodeJS.Timeout | null = null;
  #flushedAt = -Infinity;

  constructor(
    readonly settings: PresenceSettings,
    private readonly room: PresentRoom,
  ) {
    this.#readers = new PresenceReaders(room, () => this.#everyone);
  }

  get(client: { readonly id: ClientId } | ClientId): unknown {
    const json = this.#entryOf(client)?.json;
    return json === undefined ? undefined : JSON.parse(json);
  }

  set(client: { readonly id: ClientId } | ClientId, value: unknown): void {
    const json = valueJson(value, this.settings.maxBytes);
    if (json === null)
      throw new JamsocketError(
        'bad_presence',
        `The presence of a client is a value that JSON can carry, of at most ${this.settings.maxBytes} bytes as JSON (maxBytes of @Presence()).`,
      );
    const entry = this.#entryOf(client);
    if (entry !== undefined) this.#put(entry, json);
  }

  get people(): readonly Person[] {
    const clients = [...this.#entries.keys()].map((id) => JSON.parse(this.#textOf(id)) as { id: ClientId });
    return [...groupedByPerson(clients)].map(([key, group]) => personOf(key, group));
  }

  /** The client is a member: shows it to everyone. */
  joined(client: Client): void {
    if (this.#entries.size >= this.settings.maxClients) {
      this.#waiting.add(client);
      return;
    }
    this.#entries.set(client.id, { client, json: undefined });
    this.changed(client);
  }

  left(client: Client): void {
    this.#readers.left(client);
    if (this.#waiting.delete(client) || this.#entries.get(client.id)?.client !== client) return;
    this.#entries.delete(client.id);
    this.#changed.delete(client.id);
    this.#left.add(client.id);
    this.#schedule();
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    this.joined(next);
  }

  /** The client is away, is back, or has another user. */
  changed(client: Client): void {
    if (this.#entries.get(client.id)?.client !== client) return;
    this.#changed.add(client.id);
    this.#schedule();
  }

  /** Tells the client of everyone. */
  tellAll(client: Client, send: (frame: Frame) => void): void {
    this.#readers.tellAll(client, send);
  }

  /** The value of a client as JSON. */
  jsonOf({ id }: Client): string | undefined {
    return this.#entries.get(id)?.json;
  }

  /** The connection of the client has followed the room, whose earlier instance knew this value. */
  followed(client: Client, json: string | undefined): void {
    const entry = this.#entryOf(client);
    if (entry !== undefined) entry.json = json;
    this.back(client);
  }

  /** The client has resumed. */
  back(client: Client): void {
    this.#readers.catchUp(client);
    this.changed(client);
  }

  /** Called at the end of a tick. */
  flushTick(): void {
    this.#isScheduled = false;
    this.#flush();
  }

  /** The room has stopped. */
  stop(): void {
    const { clock } = this.room;
    if (this.#timer !== null) clock.clearTimeout(this.#timer);
    this.#timer = null;
    this.#readers.stop();
    this.#entries.clear();
    this.#waiting.clear();
    this.#changed.clear();
    this.#left.clear();
  }

  #entryOf(client: { readonly id: ClientId } | ClientId): Entry | undefined {
    if (typeof client === 'number') return this.#entries.get(client);
    const entry = this.#entries.get(client.id);
    return entry?.client === client ? entry : undefined;
  }

  #put(entry: Entry, json: string | undefined): void {
    if (entry.json === json) return;
    entry.json = json;
    this.changed(entry.client);
  }

  /** Everyone, as fields of a JSON object. */
  get #everyone(): string {
    const everyone = [...this.#entries.keys()].map((id) => this.#textOf(id)).join();
    return `"everyMs":${this.settings.everyMs},"everyone":[${everyone}]`;
  }

  #textOf(id: ClientId): string {
    const { client, json } = this.#entries.get(id)!;
    const user = client.user === undefined ? '' : `,"user":${JSON.stringify(client.user)}`;
    const away = client.connection === null ? ',"away":true' : '';
    return `{"id":${id}${user}${away}${json === undefined ? '' : `,"value":${json}`}}`;
  }

  #schedule(): void {
    if (this.#isScheduled || this.#timer !== null) return;
    const { clock, flusher } = this.room;
    const wait = this.#flushedAt + this.settings.everyMs - clock.now();
    inDetachedContext(() => {
      if (wait > 0) {
        this.#timer = clock.setTimeout(() => {
          this.#timer = null;
          this.#flush();
        }, wait);
        return;
      }
      this.#isScheduled = true;
      flusher.scheduleFirst(this);
    });
  }

  #flush(): void {
    if (this.#changed.size + this.#left.size === 0) return;
    this.#flushedAt = this.room.clock.now();
    const parts: string[] = [];
    if (this.#left.size > 0) parts.push(`"left":[${[...this.#left].join()}]`);
    if (this.#changed.size > 0) parts.push(`"changed":[${[...this.#changed].map((id) => this.#textOf(id)).join()}]`);
    this.#left.clear();
    this.#changed.clear();
    this.#readers.tell(parts.join());
  }
}
