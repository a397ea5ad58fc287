import { CloseCode } from '../../base/protocol.js';
import type { JamsocketClock } from '../../base/sources.js';
import type { TransientRecord } from '../../durable/transient-record.js';
import type { Client } from '../../members/client.js';
import type { ClientRequest } from '../../members/client-request.js';
import type { Link } from '../../outbox/link.js';
import type { OfferedRoom, Seat } from '../../peers/moving.js';
import type { HandedRoom } from '../../durable/handed-room.js';
import { followRoom } from '../../room/joining.js';
import type { Room } from '../../room/room.js';

/** How long an offer waits to be granted. */
const GRANT_MS = 5_000;
/** How long a restored room waits for its clients. */
const FOLLOW_MS = 1_500;

interface AwaitedClient {
  readonly seat: Seat;
  readonly client: Client;
  /** How many data frames it had been sent when the room was restored. */
  readonly sent: number;
}

/** Where the room is made. */
interface RoomSite {
  find(): Room | undefined;
  /** Nobody follows any more. */
  over(): void;
}

/**
 * A room on its way to this node.
 *
 *   offered ──▶ granted ──▶ restored, clients follow ──▶ over
 *      └──────────┴────────────────▲ cancelled, failed
 */
export class ArrivingRoom implements HandedRoom {
  readonly isGranted: Promise<boolean>;
  /** Resolves when clients can follow; rejects if the room could not be started. */
  readonly isReady: Promise<void>;
  readonly #ids: ReadonlySet<number>;
  readonly #awaited = new Map<string, AwaitedClient>();
  #settle!: (isGranted: boolean) => void;
  #ready!: () => void;
  #fail!: (error: unknown) => void;
  #allHere: () => void = () => undefined;
  #room: Room | undefined;

  constructor(
    readonly offer: OfferedRoom,
    readonly from: string,
    private readonly clock: JamsocketClock,
    private readonly site: RoomSite,
  ) {
    this.#ids = new Set(offer.seats.map(({ id }) => id));
    const timer = clock.setTimeout(() => this.cancel(), GRANT_MS);
    this.isGranted = new Promise((resolve) => {
      this.#settle = (isGranted) => {
        clock.clearTimeout(timer);
        resolve(isGranted);
      };
    });
    this.isReady = new Promise((resolve, reject) => {
      this.#ready = resolve;
      this.#fail = reject;
    });
    // Nobody may be waiting for it.
    this.isReady.catch(() => undefined);
  }

  get record(): TransientRecord | undefined {
    return this.offer.record;
  }

  isAwaited(id: number): boolean {
    return this.#ids.has(id);
  }

  grant(): void {
    this.#settle(true);
  }

  /** The other node has kept the room, or is gone. Does nothing once the room was granted. */
  cancel(): void {
    this.#settle(false);
    void this.isGranted.then((isGranted) => isGranted || this.failed(new Error('The offer was withdrawn.')));
  }

  failed(error: unknown): void {
    this.#fail(error);
    this.site.over();
  }

  async membersRestored(): Promise<void> {
    const room = (this.#room = this.site.find());
    if (room !== undefined) this.#await(room);
    this.#ready();
    if (this.#awaited.size > 0) await this.#followed();
    this.site.over();
    for (const { client } of this.#awaited.values())
      if (client.session === null) room!.leave(client, CloseCode.abnormal, 'its connection did not follow the room');
    this.#awaited.clear();
  }

  isAwaitedAt(edge: string, channel: number): boolean {
    return this.#awaited.has(seatName(edge, channel));
  }

  /** @param open makes the connection @returns false if no such client is awaited */
  follow(edge: string, channel: number, request: ClientRequest, open: (client: Client) => Link): boolean {
    const awaited = this.#awaited.get(seatName(edge, channel));
    if (awaited === undefined) return false;
    const { client, sent, seat } = awaited;
    followRoom(this.#room!, client, open(client), { request, sent, ...seat });
    this.#here(edge, channel);
    return true;
  }

  /** The client has gone meanwhile. */
  gone(edge: string, channel: number): boolean {
    const awaited = this.#awaited.get(seatName(edge, channel));
    if (awaited === undefined) return false;
    if (awaited.client.session === null)
      this.#room!.leave(awaited.client, CloseCode.abnormal, 'it left while the room moved');
    this.#here(edge, channel);
    return true;
  }

  #await({ members }: Room): void {
    for (const seat of this.offer.seats) {
      const client = members.clients.get(seat.id);
      if (client !== undefined && client.closed === undefined)
        this.#awaited.set(seatName(seat.edge, seat.channel), { seat, client, sent: members.sentTo(client) });
    }
  }

  #followed(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.clock.setTimeout(resolve, FOLLOW_MS);
      this.#allHere = () => {
        this.clock.clearTimeout(timer);
        resolve();
      };
    });
  }

  #here(edge: string, channel: number): void {
    this.#awaited.delete(seatName(edge, channel));
    if (this.#awaited.size === 0) this.#allHere();
  }
}

function seatName(edge: string, channel: number): string {
  return `${edge} ${channel}`;
}
