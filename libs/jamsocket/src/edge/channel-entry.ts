import type { Link } from '../outbox/link.js';
import { encodeArrival } from '../peers/arriving.js';
import { messageOf, TO_OWNER } from '../peers/messages.js';
import type { Arrival, OpenLink } from '../rooms/reservation.js';
import type { ConnectionSink } from '../wire/connection-sink.js';

interface Waiting {
  resolve(hasJoined: boolean): void;
  reject(error: unknown): void;
}

/** The channel of the client that enters. */
export interface EnteringChannel extends ConnectionSink {
  readonly number: number;
  readonly service: string;
  /** The client has joined. */
  opened(connection: Link): void;
  /** The client does not join: its number is free again. */
  forget(): void;
}

/** A client on its way into a room of another node, until it has joined or gives up. */
export class ChannelEntry {
  #open: OpenLink | null = null;
  #waiting: Waiting | null = null;
  #hasArrived = false;
  /** The client has joined, or it does not join. */
  #isOver = false;

  constructor(
    private readonly channel: EnteringChannel,
    private readonly arrival: Arrival,
    /** The node that runs the room. */
    private readonly owner: { send(message: Buffer): void },
  ) {}

  /** Asks the guards of the room. @returns false if the room is somewhere else @throws the error of a guard or of the room */
  admit(): Promise<boolean> {
    this.#arrive(true);
    return this.#answer();
  }

  /** @returns false if the room is somewhere else @throws the error of the room */
  join(open: OpenLink): Promise<boolean> {
    this.#open = open;
    if (this.#isOver) return Promise.resolve(false);
    if (this.#hasArrived) this.#tell(TO_OWNER.join);
    else this.#arrive(false);
    return this.#answer();
  }

  /** The client does not join. */
  abandon(): void {
    if (this.#isOver) return;
    if (this.#hasArrived) this.#tell(TO_OWNER.abandon);
    this.#giveUp();
  }

  /** The guards of the room let the client in. */
  admitted(): void {
    this.#take()?.resolve(true);
  }

  /** The client is in the room. */
  joined(): void {
    if (this.#isOver) return;
    const connection = this.#open!(this.channel);
    const waiting = this.#take();
    if (connection === undefined) {
      this.#tell(TO_OWNER.abandon);
      this.#giveUp();
    } else {
      this.#isOver = true;
      this.channel.opened(connection);
    }
    waiting?.resolve(true);
  }

  refused(error: unknown): void {
    if (this.#isOver) return;
    this.#giveUp();
    this.#take()?.reject(error);
  }

  /** The room is not there (any more), or its node is gone: the client looks for it again. */
  gone(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#take()?.resolve(false);
    this.channel.forget();
  }

  #arrive(waits: boolean): void {
    const arrival = encodeArrival(this.channel.service, this.arrival, waits);
    this.#hasArrived = true;
    this.owner.send(messageOf(TO_OWNER.arrive, this.channel.number, arrival));
  }

  #answer(): Promise<boolean> {
    return new Promise((resolve, reject) => (this.#waiting = { resolve, reject }));
  }

  #giveUp(): void {
    this.#isOver = true;
    this.channel.forget();
  }

  #take(): Waiting | null {
    const waiting = this.#waiting;
    this.#waiting = null;
    return waiting;
  }

  #tell(kind: number): void {
    this.owner.send(messageOf(kind, this.channel.number));
  }
}
