import { expect } from '@jest/globals';
import { SystemClock, SystemRandom } from '../../libs/jamsocket/src/base/sources.js';
import type { Directory, OwnedRoom } from '../../libs/jamsocket/src/cluster/directory.js';
import { LINKS_DEFAULTS, NodeLinks } from '../../libs/jamsocket/src/cluster/links/node-links.js';
import type { LinkUser, PeerLink } from '../../libs/jamsocket/src/cluster/links/peer-link.js';
import { NodeLease, type LeaseWatch } from '../../libs/jamsocket/src/cluster/lease/node-lease.js';
import type { RedisCluster } from '../../libs/jamsocket/src/redis/redis-cluster.js';
import { untilDone } from './redis-cluster.js';

const clock = new SystemClock();
/** Shorter than the defaults, and so long that a busy machine does not end a lease. */
const LEASE = { leaseMs: 1_500, renewEveryMs: 100, marginMs: 150, graceMs: 60_000 };
const LINKS = { ...LINKS_DEFAULTS, beatMs: 100, silentBeats: 100, deafBeats: 600 };
export const ROOM = { service: 'chat', key: 'lobby' };

export const until = (isTrue: () => boolean | Promise<boolean>, withinMs?: number) =>
  untilDone(async () => {
    if (!(await isTrue())) throw new Error(`not yet: ${String(isTrue)}`);
  }, withinMs);
const pause = (ms: number) => new Promise((resolve) => void setTimeout(resolve, ms));

/** What a node has below its rooms. It sends numbers to another node all the time, and counts what comes. */
export class Node implements LeaseWatch, LinkUser {
  readonly directory: Directory;
  readonly lease: NodeLease;
  readonly links: NodeLinks;
  readonly events: string[] = [];
  sent = 0;
  count = 0;
  isInOrder = true;
  #timer: NodeJS.Timeout | undefined;

  constructor(driver: RedisCluster) {
    this.directory = driver.openDirectory();
    this.lease = new NodeLease(this.directory, clock, new SystemRandom(), this, () => 'info', LEASE);
    this.links = new NodeLinks(driver.openRelay(), this.lease.incarnation, clock, new SystemRandom(), this, LINKS);
  }

  async start(): Promise<void> {
    await Promise.all([this.links.open(), this.lease.start()]);
  }

  talkTo(other: Node): void {
    const peer = other.lease.incarnation;
    this.#timer = setInterval(() => this.links.to(peer).send(Buffer.from(`${++this.sent}`)), 3);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([this.links.close(), this.lease.close()].map((closing) => closing.catch(() => undefined)));
    await this.directory.close();
  }

  up() {}
  flushing() {
    return true;
  }
  drained() {}
  received(_link: PeerLink, message: Buffer) {
    this.count++;
    this.isInOrder &&= Number(message) === this.count;
  }
  down(_link: PeerLink, reason: string) {
    this.events.push(`down: ${reason}`);
  }
  foreign() {}
  suspended() {
    this.events.push('suspended');
  }
  resumed() {
    this.events.push('resumed');
  }
  lost({ room }: OwnedRoom) {
    this.events.push(`lost ${room.key}`);
  }
  ended() {}
  nodeJoined() {}
  nodeLeft() {}
}

/** Two nodes that talk to each other, one with each library. The first owns a room, which the second wants. */
export class Pair {
  readonly twins: string[] = [];
  #watch: NodeJS.Timeout | undefined;
  fence = 0;

  constructor(
    readonly a: Node,
    readonly b: Node,
  ) {}

  async start(): Promise<void> {
    await Promise.all([this.a.start(), this.b.start()]);
    const claimed = await this.a.lease.claim(ROOM, 1, 10_000);
    this.fence = claimed.kind === 'claimed' ? claimed.fence : 0;
    this.a.talkTo(this.b);
    this.b.talkTo(this.a);
    await until(() => this.a.count > 20 && this.b.count > 20);
    this.#watch = setInterval(() => this.#lookForTwins(), 5);
    void this.#wantTheRoom();
  }

  /** Everything goes on, and nothing was lost, doubled or reordered. */
  async isWell(): Promise<void> {
    const { a, b } = this;
    await untilDone(async () => {
      const state = [a, b].map(({ lease, links }) => [lease.mayRun(), !links.isDeaf]);
      if (!state.flat().every(Boolean)) throw new Error(`not yet: ${JSON.stringify(state)}`);
    });
    for (const [from, to] of [
      [a, b],
      [b, a],
    ]) {
      const { sent } = from;
      await until(() => to.count > sent);
    }
    expect([a.isInOrder, b.isInOrder, this.twins]).toEqual([true, true, []]);
    expect([...a.events, ...b.events].filter((event) => event.startsWith('down'))).toEqual([]);
  }

  async ownsTheRoom(): Promise<boolean> {
    const owner = await this.b.directory.locate(ROOM);
    return owner?.incarnation === this.a.lease.incarnation && owner.fence === this.a.lease.fenceOf(ROOM);
  }

  async close(): Promise<void> {
    clearInterval(this.#watch);
    await Promise.all([this.a.close(), this.b.close()]);
  }

  /** Both may run, and both hold the room. */
  #lookForTwins(): void {
    const both = [this.a, this.b].filter(({ lease }) => lease.fenceOf(ROOM) !== undefined && lease.mayRun());
    if (both.length === 2) this.twins.push(`at ${clock.now()}`);
  }

  async #wantTheRoom(): Promise<void> {
    while (!this.b.lease.isOver) {
      await this.b.lease.claim(ROOM, 1, 300).catch(() => undefined);
      await pause(20);
    }
  }
}
