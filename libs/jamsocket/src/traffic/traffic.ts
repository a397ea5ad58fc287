import { closeCodeLabel } from './close-code-label.js';
import { TurnMeter, type DurationListener } from './turn-meter.js';

const RECEIVED = 0;
const RECEIVED_BYTES = 1;
const SENT = 2;
const SENT_BYTES = 3;

/** Messages of one kind. They only grow. */
export class MessageCounts {
  /** Not fields: when a field outgrows 31 bits, V8 throws away all code that counts, which is the code of each message. */
  readonly #counts = new Float64Array(4);

  get received(): number {
    return this.#counts[RECEIVED];
  }

  get receivedBytes(): number {
    return this.#counts[RECEIVED_BYTES];
  }

  /** Deliveries: a message counts once for each recipient. */
  get sent(): number {
    return this.#counts[SENT];
  }

  get sentBytes(): number {
    return this.#counts[SENT_BYTES];
  }

  countReceived(bytes: number): void {
    this.#counts[RECEIVED]++;
    this.#counts[RECEIVED_BYTES] += bytes;
  }

  countSent(bytes: number, recipients: number): void {
    this.#counts[SENT] += recipients;
    this.#counts[SENT_BYTES] += bytes * recipients;
  }
}

export type Fault = 'client' | 'server';

/** How many turns of a handler have failed. */
export interface FailedTurns {
  readonly handler: string;
  readonly fault: Fault;
  count: number;
}

/**
 * What goes through the rooms of one service, for metrics. Rooms count here themselves, and metrics read the counts when they
 * are collected: telling an observer of each message would cost more than the message, and of each client a part of its connect.
 */
export class Traffic {
  /** Rooms count nothing before this is set. */
  isCounted = false;
  readonly text = new MessageCounts();
  readonly binary = new MessageCounts();
  roomsStarted = 0;
  clientsJoined = 0;
  readonly #left = new Map<string, number>();
  readonly #failed = new Map<string, FailedTurns>();
  readonly #meters = new Map<string, TurnMeter>();
  readonly #listeners: DurationListener[] = [];

  /** How many clients have left permanently, by the label of their close code. */
  get clientsLeft(): ReadonlyMap<string, number> {
    return this.#left;
  }

  get failedTurns(): Iterable<FailedTurns> {
    return this.#failed.values();
  }

  countLeft(code: number): void {
    const label = closeCodeLabel(code);
    this.#left.set(label, (this.#left.get(label) ?? 0) + 1);
  }

  countFailed(handler: string, fault: Fault): void {
    const key = `${fault} ${handler}`;
    let failed = this.#failed.get(key);
    if (failed === undefined) this.#failed.set(key, (failed = { handler, fault, count: 0 }));
    failed.count++;
  }

  /** The meter of a handler, such as `ChatRoom.message`. Keep it: it is always the same. */
  meterOf(handler: string): TurnMeter {
    let meter = this.#meters.get(handler);
    if (meter === undefined) this.#meters.set(handler, (meter = new TurnMeter(handler, this.#listeners)));
    return meter;
  }

  /** From now on the rooms count, and the listener gets the durations of their turns. */
  listen(listener: DurationListener): void {
    this.isCounted = true;
    this.#listeners.push(listener);
  }

  /** Passes on the turns that were not timed since the last one that was. Call it before the durations are read. */
  flush(): void {
    for (const meter of this.#meters.values()) meter.flush();
  }
}
