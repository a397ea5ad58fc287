import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { SystemClock, SystemRandom } from '../libs/jamsocket/src/base/sources.js';
import type { Directory, HeldRoom } from '../libs/jamsocket/src/cluster/directory.js';
import { LINKS_DEFAULTS, NodeLinks } from '../libs/jamsocket/src/cluster/links/node-links.js';
import type { LinkUser, PeerLink } from '../libs/jamsocket/src/cluster/links/peer-link.js';
import { NodeLease, type LeaseWatch } from '../libs/jamsocket/src/cluster/node-lease.js';
import { RedisCluster } from '../libs/jamsocket/src/redis/redis-cluster.js';
import { untilDone } from './support/redis-cluster.js';
import { findRedis, hasServer, startRedis, type TestServer } from './support/servers.js';
import { TcpProxy } from './support/tcp-proxy.js';

const program = findRedis();
const describeRedis = hasServer(program, 'redis-server') ? describe : describe.skip;
const clock = new SystemClock();
/** Shorter than the defaults, and so long that a busy machine does not end a lease. */
const LEASE = { leaseMs: 1_500, renewEveryMs: 100, marginMs: 150, graceMs: 60_000 };
const LINKS = { ...LINKS_DEFAULTS, tickMs: 100, silentTicks: 100, deafTicks: 600 };
const ROOM = { service: 'chat', key: 'lobby' };

const until = (isTrue: () => boolean | Promise<boolean>) =>
  untilDone(async () => {
    if (!(await isTrue())) throw new Error(`not yet: ${String(isTrue)}`);
  });
const pause = (ms: number) => new Promise((resolve) => void setTimeout(resolve, ms));

/** What a node has below its rooms. It sends numbers to another node all the time, and counts what comes. */
class Node implements LeaseWatch, LinkUser {
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
  drained() {}
  received(_link: PeerLink, message: Buffer) {
    this.count++;
    this.isInOrder &&= Number(message) === this.count;
  }
  down(_link: PeerLink, reason: string) {
    this.events.push(`down: ${reason}`);
  }
  suspended() {
    this.events.push('suspended');
  }
  resumed() {
    this.events.push('resumed');
  }
  lost({ room }: HeldRoom) {
    this.events.push(`lost ${room.key}`);
  }
  ended() {}
  nodeJoined() {}
  nodeLeft() {}
}

/** Two nodes that talk to each other, one with each library. The first owns a room, which the second wants. */
class Pair {
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

describeRedis('A cluster on Redis', () => {
  let server: TestServer;
  let proxy: TcpProxy;
  let raw: Redis;
  let ioredis: Redis;
  let nodeRedis: ReturnType<typeof createClient>;
  let pair: Pair;
  beforeAll(async () => {
    server = await startRedis(program!, []);
    proxy = await TcpProxy.start(server.port);
    const quiet = { host: '127.0.0.1', retryStrategy: () => 50 };
    raw = new Redis({ ...quiet, port: server.port });
    ioredis = new Redis({ ...quiet, port: proxy.port });
    for (const client of [raw, ioredis]) client.on('error', () => undefined);
    nodeRedis = createClient({ url: `redis://127.0.0.1:${proxy.port}` }).on('error', () => undefined);
    pair = new Pair(new Node(new RedisCluster({ redis: ioredis })), new Node(new RedisCluster({ redis: nodeRedis })));
    await pair.start();
  }, 60_000);
  afterAll(async () => {
    await pair.close();
    for (const client of [raw, ioredis]) client.disconnect();
    if (nodeRedis.isOpen) nodeRedis.destroy();
    await proxy.stop();
    await server.stop();
  });

  it('misses nothing when all subscribers are dropped', async () => {
    await raw.client('KILL', 'TYPE', 'pubsub');
    await pair.isWell();
    expect(pair.a.links.counts.gaps + pair.b.links.counts.gaps).toBeGreaterThan(0);
    expect(await pair.ownsTheRoom()).toBe(true);
  });

  it('misses nothing when Redis drops a subscriber for its output limit', async () => {
    await raw.config('SET', 'client-output-buffer-limit', 'pubsub 1mb 0 0');
    const channel = `jamsocket:relay:${pair.b.lease.incarnation}`;
    const flood = `for at = 1, 200 do redis.call('PUBLISH', KEYS[1], string.rep('x', 60000)) end`;
    const idsOf = async () =>
      [...String(await raw.call('CLIENT', 'LIST', 'TYPE', 'pubsub')).matchAll(/\bid=(\d+)/g)].join();
    const before = await idsOf();
    await raw.eval(flood, 1, channel);
    await until(async () => (await idsOf()) !== before);
    await pair.isWell();
    expect(await pair.ownsTheRoom()).toBe(true);
    await raw.config('SET', 'client-output-buffer-limit', 'pubsub 32mb 8mb 60');
  });

  it('finds out by itself when its connections are dead and nobody says so', async () => {
    proxy.freeze();
    const reconnects = pair.a.links.counts.reconnects + pair.b.links.counts.reconnects;
    await until(() => pair.a.links.counts.reconnects + pair.b.links.counts.reconnects >= reconnects + 2);
    await pair.isWell();
    expect(await pair.ownsTheRoom()).toBe(true);
  });

  it('pauses while Redis is stopped, and leaves no entry of a claim that was given up', async () => {
    pair.a.events.length = pair.b.events.length = 0;
    server.pause();
    await until(() => pair.a.events.includes('suspended') && pair.b.events.includes('suspended'));
    const given = await pair.a.lease.claim({ service: 'chat', key: 'given up' }, 1, 200).catch(({ code }) => code);
    expect(given).toBe('directory_failed');
    server.resume();
    await pair.isWell();
    expect(await pair.ownsTheRoom()).toBe(true);
    await until(async () => (await raw.hlen('{jamsocket:directory}:rooms')) === 1);
    pair.a.events.length = pair.b.events.length = 0;
  });

  it('keeps its rooms when Redis is killed, has kept nothing and comes back', async () => {
    await server.kill();
    await until(() => pair.a.events.includes('suspended'));
    server = await startRedis(program!, [], server);
    await pair.isWell();
    expect(await pair.ownsTheRoom()).toBe(true);
    expect(pair.a.lease.fenceOf(ROOM)).toBe(pair.fence);
    expect(pair.a.events.filter((event) => event.startsWith('lost'))).toEqual([]);
  });

  it('has one owner, whose fence grows, when a replica takes over that has not got the last claims', async () => {
    const replica = await startRedis(program!, []);
    const other = new Redis({ port: replica.port, host: '127.0.0.1' });
    await other.replicaof('127.0.0.1', server.port);
    await until(async () => (await other.info('replication')).includes('master_link_status:up'));
    await until(async () => (await other.hlen('{jamsocket:directory}:rooms')) === 1);
    // From now on it gets nothing more: the claims below are lost.
    await other.replicaof('NO', 'ONE');
    const claimed = await pair.a.lease.claim(ROOM, 1, 5_000);
    const late = { service: 'chat', key: 'late' };
    const lateClaim = await pair.a.lease.claim(late, 1, 5_000);
    expect([claimed.kind, lateClaim.kind]).toEqual(['claimed', 'claimed']);
    await server.kill();
    proxy.moveTo(replica.port);
    await pair.isWell();
    // Until the next check of its rooms, the new server has the entry of an earlier claim.
    await until(() => pair.ownsTheRoom());
    await pair.isWell();
    expect((await pair.b.directory.locate(late))?.fence).toBe(pair.a.lease.fenceOf(late));
    const next = await pair.a.lease.claim(late, 1, 5_000);
    expect(next.kind === 'claimed' && next.fence > pair.a.lease.fenceOf(ROOM)!).toBe(true);
    other.disconnect();
    await server.stop();
    server = replica;
  });
});
