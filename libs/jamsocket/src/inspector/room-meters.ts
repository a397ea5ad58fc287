import { describeError } from '../base/foreign-value.js';
import type { SentMessage } from '../members/sent-message.js';
import type { Client } from '../members/client.js';
import type { JamsocketContext } from '../members/room-context.js';
import type { ReceivedMessage, RoomObserver } from '../observe/room-observer.js';
import type { RoomPort } from '../members/room-port.js';
import type { TrafficLog } from './traffic-log.js';

const MAX_ERROR = 1_000;

/** Traffic of one room since the last reading. */
export interface RoomMeter {
  in: number;
  out: number;
  bytesIn: number;
  bytesOut: number;
  /** Logs of the pages that watch this room. */
  logs: readonly TrafficLog[];
}

type MeteredRoom = Pick<RoomPort<Client>, 'definition' | 'address'>;

/** A room that a page watches. The room may not exist yet, or stop and start again. */
export interface Watch {
  readonly service: string;
  /** Empty: all rooms of the service. */
  readonly room: string;
  readonly log: TrafficLog;
}

/** Counts the traffic of each room, and logs the traffic of watched rooms. */
export class RoomMeters implements RoomObserver {
  readonly #meters = new Map<MeteredRoom, RoomMeter>();
  readonly #watches = new Set<Watch>();
  /** Cached, since most messages belong to the same room as the one before. */
  #lastRoom: MeteredRoom | undefined;
  #last: RoomMeter | undefined;

  /** `undefined` if the room had no traffic. */
  of(room: MeteredRoom): RoomMeter | undefined {
    return this.#meters.get(room);
  }

  /** Starts the next interval. */
  reset(): void {
    this.#meters.clear();
    this.#lastRoom = undefined;
  }

  watch(watch: Watch): void {
    this.#watches.add(watch);
    this.#findLogs();
  }

  unwatch(watch: Watch): void {
    this.#watches.delete(watch);
    this.#findLogs();
  }

  get isWatched(): boolean {
    return this.#watches.size > 0;
  }

  messageReceived({ room }: JamsocketContext, client: Client, message: ReceivedMessage): void {
    const meter = this.#at(room);
    meter.in++;
    meter.bytesIn += message.bytes;
    for (const log of meter.logs) log.received(client, message, room.address.key);
  }

  messageSent({ room }: JamsocketContext, message: SentMessage): void {
    const meter = this.#at(room);
    meter.out += message.recipients;
    meter.bytesOut += message.bytes * message.recipients;
    for (const log of meter.logs) log.sent(message, room.address.key);
  }

  clientJoined({ room }: JamsocketContext, client: Client): void {
    for (const log of this.#at(room).logs) log.note('join', client, client.request.ip, { room: room.address.key });
  }

  clientLeft({ room }: JamsocketContext, client: Client, code: number, reason: string): void {
    for (const log of this.#at(room).logs)
      log.note('leave', client, reason === '' ? `${code}` : `${code} ${reason}`, { room: room.address.key });
  }

  clientLost({ room }: JamsocketContext, client: Client): void {
    for (const log of this.#at(room).logs)
      log.note('lost', client, 'its connection is lost, and it may resume', { room: room.address.key });
  }

  clientResumed({ room }: JamsocketContext, client: Client): void {
    for (const log of this.#at(room).logs) log.note('back', client, client.request.ip, { room: room.address.key });
  }

  turnTimedOut({ room }: JamsocketContext, client: Client | undefined, handler: string): void {
    const error = 'It has not finished in time; the room moves on without it.';
    for (const log of this.#at(room).logs)
      log.note('turn-error', client, '', { room: room.address.key, handler, error });
  }

  turnFailed(
    { room }: JamsocketContext,
    handler: string | undefined,
    client: Client | undefined,
    error: unknown,
  ): void {
    for (const log of this.#at(room).logs) {
      const { key } = room.address;
      log.note('turn-error', client, '', {
        room: key,
        ...(handler !== undefined && { handler }),
        error: textOf(error),
      });
    }
  }

  #at(room: MeteredRoom): RoomMeter {
    if (room === this.#lastRoom) return this.#last!;
    let meter = this.#meters.get(room);
    if (meter === undefined) this.#meters.set(room, (meter = this.#newMeter(room)));
    this.#lastRoom = room;
    return (this.#last = meter);
  }

  #newMeter(room: MeteredRoom): RoomMeter {
    return { in: 0, out: 0, bytesIn: 0, bytesOut: 0, logs: this.#logsOf(room) };
  }

  #findLogs(): void {
    for (const [room, meter] of this.#meters) meter.logs = this.#logsOf(room);
  }

  #logsOf({ definition, address }: MeteredRoom): TrafficLog[] {
    return [...this.#watches]
      .filter(({ service, room }) => service === definition.service && (room === '' || room === address.key))
      .map(({ log }) => log);
  }
}

function textOf(error: unknown): string {
  const { name, message, isError } = describeError(error);
  const text = isError ? `${name}: ${message}` : `threw ${typeof error}`;
  return text.slice(0, MAX_ERROR);
}
