import type { JamsocketClock } from '../../base/sources.js';
import type { ClusterDriver, DriverCheck } from '../cluster-driver.js';
import type { Directory } from '../directory.js';
import type { Relay } from '../relay.js';
import type { DirectoryState } from '../directory-state.js';
import { InProcessDirectory } from './in-process-directory.js';
import { InProcessRelay } from './in-process-relay.js';

/** What a node knows of its hub. */
export interface Hub {
  readonly clock: JamsocketClock;
  readonly directory: DirectoryState;
  relay(from: InProcessNode, incarnation: string, bytes: Buffer): void;
}

/** One application of an `InProcessHub`, and the faults of its connections. */
export class InProcessNode implements ClusterDriver {
  readonly #relays = new Set<InProcessRelay>();
  readonly #waiting: (() => void)[] = [];
  #directoryAnswers: 'yes' | 'with errors' | 'later' = 'yes';
  graceMs: number | undefined = undefined;
  /** Milliseconds that a call, and its reply, are under way. */
  requestDelayMs = 0;
  replyDelayMs = 0;
  /** Calls are executed, and their replies are lost. */
  losesReplies = false;
  /** It receives no messages; with `forever` not even after it has connected again. */
  isDeaf: boolean | 'forever' = false;
  /** Its messages are lost. */
  isMute = false;

  constructor(
    readonly name: string,
    private readonly hub: Hub,
  ) {}

  async check(): Promise<DriverCheck> {
    return { description: 'in this process', maxBytesUnderWay: 4 * 1_024 * 1_024 };
  }

  openDirectory(): Directory {
    return new InProcessDirectory(this);
  }

  openRelay(): Relay {
    const relay = new InProcessRelay(this);
    this.#relays.add(relay);
    return relay;
  }

  /** How the directory answers this node. Calls that wait for `later` are executed when it is `yes` again. */
  set directoryAnswers(how: 'yes' | 'with errors' | 'later') {
    this.#directoryAnswers = how;
    if (how === 'yes') for (const go of this.#waiting.splice(0)) go();
  }

  /** The process has ended: its directory and its relays do nothing any more. */
  kill(): void {
    this.#directoryAnswers = 'later';
    this.#waiting.length = 0;
    this.isDeaf = 'forever';
    this.isMute = true;
  }

  /** @internal Runs one call of the directory. */
  async ask<T>(call: (state: DirectoryState) => T): Promise<T> {
    await this.#sleep(this.requestDelayMs);
    if (this.#directoryAnswers === 'with errors') throw new Error('the directory refuses');
    if (this.#directoryAnswers === 'later') await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const result = call(this.hub.directory);
    await this.#sleep(this.replyDelayMs);
    return this.losesReplies ? new Promise<never>(() => undefined) : result;
  }

  /** @internal */
  send(incarnation: string, bytes: Buffer): void {
    this.hub.relay(this, incarnation, bytes);
  }

  /** @internal */
  forget(relay: InProcessRelay): void {
    this.#relays.delete(relay);
  }

  /** @internal */
  hasOpened(incarnation: string): boolean {
    return [...this.#relays].some((relay) => relay.node === incarnation);
  }

  /** @internal */
  receive(incarnation: string, bytes: Buffer): void {
    if (this.isDeaf) return;
    for (const relay of this.#relays) if (relay.node === incarnation) relay.receive(bytes);
  }

  async #sleep(ms: number): Promise<void> {
    if (ms > 0) await new Promise<void>((resolve) => this.hub.clock.setTimeout(resolve, ms));
  }
}
