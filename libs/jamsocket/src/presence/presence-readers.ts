import { PRESENCE_EVENT } from '../base/presence.js';
import type { JamsocketClock } from '../base/sources.js';
import type { Client } from '../members/client.js';
import type { Members } from '../members/members.js';
import { Frame } from '../wire/frame.js';

/** How often clients that are behind are looked at. */
const LOOK_AGAIN_MS = 250;

/**
 * Tells the clients of a room about presence. A client that is behind or away misses changes; it is told everything anew when
 * it reads again.
 */
export class PresenceReaders {
  /** Clients that have missed something. */
  readonly #stale = new Set<Client>();
  #timer: NodeJS.Timeout | null = null;

  /** @param everyone what a client is told that knows nothing, as the fields of a JSON object without `you` */
  constructor(
    private readonly room: { readonly members: Members; readonly clock: JamsocketClock },
    private readonly everyone: () => string,
  ) {}

  /** Tells everyone who is not behind. @param news as the fields of a JSON object */
  tell(news: string): void {
    const frame = frameOf(news);
    const clients = [...this.room.members.clients.values()];
    for (const client of clients) if (!isReading(client)) this.#stale.add(client);
    if (this.#stale.size === 0) this.#send(frame, null);
    else
      this.#send(
        frame,
        clients.filter((client) => !this.#stale.has(client)),
      );
    this.#catchUpAll();
  }

  /** Tells the client of everyone. */
  tellAll(client: Client, send: (frame: Frame) => void): void {
    this.#stale.delete(client);
    send(frameOf(`"you":${client.id},${this.everyone()}`));
  }

  catchUp(client: Client): void {
    this.tellAll(client, (frame) => this.#send(frame, [client]));
  }

  left(client: Client): void {
    this.#stale.delete(client);
  }

  stop(): void {
    if (this.#timer !== null) this.room.clock.clearTimeout(this.#timer);
    this.#timer = null;
    this.#stale.clear();
  }

  /** Clients that are away are told when they resume. */
  #catchUpAll(): void {
    for (const client of this.#stale) if (isReading(client)) this.catchUp(client);
    const isSomeoneBehind = [...this.#stale].some(({ connection }) => connection !== null);
    if (!isSomeoneBehind || this.#timer !== null) return;
    this.#timer = this.room.clock.setTimeout(() => {
      this.#timer = null;
      this.#catchUpAll();
    }, LOOK_AGAIN_MS);
  }

  /** @param clients `null` for everyone */
  #send(frame: Frame, clients: readonly Client[] | null): void {
    const { members } = this.room;
    if (clients?.length === 0) return;
    // Past the gate of a room that saves each turn: nothing of it is saved.
    if (members.outbox.isGated) members.ungated.send(frame, clients ?? [...members.clients.values()]);
    else members.sendState(frame, clients);
  }
}

/** The client has a connection without unsent bytes. */
function isReading({ connection }: Client): boolean {
  return connection !== null && !connection.isBehind;
}

function frameOf(data: string): Frame {
  return Frame.text(`{"event":"${PRESENCE_EVENT}","data":{${data}}}`);
}
