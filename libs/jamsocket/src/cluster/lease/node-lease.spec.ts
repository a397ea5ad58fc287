import { describe, expect, it } from '@jest/globals';
import { SeededRandom, VirtualClock } from '../../testing/index.js';
import { InProcessHub } from '../in-process/in-process-hub.js';
import type { OwnedRoom } from '../directory.js';
import { LEASE_DEFAULTS } from './lease-settings.js';
import { NodeLease, type LeaseWatch } from './node-lease.js';

const room = (key: string) => ({ service: 'chat', key });

class Member implements LeaseWatch {
  readonly events: string[] = [];
  readonly lease: NodeLease;

  constructor(
    readonly name: string,
    private readonly cluster: TestCluster,
    seed: number,
  ) {
    const directory = cluster.hub.node(name).openDirectory();
    this.lease = new NodeLease(directory, cluster.clock, new SeededRandom(seed), this, () => name);
  }

  /** What goes wrong between this node and the directory. */
  get faults() {
    return this.cluster.hub.node(this.name);
  }
  /** The events since the last call. */
  take(): string[] {
    return this.events.splice(0);
  }
  suspended() {
    this.events.push('suspended');
  }
  resumed() {
    this.events.push('resumed');
  }
  lost({ room: { key } }: OwnedRoom) {
    this.events.push(`lost ${key}`);
  }
  ended() {
    this.events.push('ended');
  }
  nodeJoined(incarnation: string) {
    this.events.push(`joined ${this.cluster.nameOf(incarnation)}`);
  }
  nodeLeft(incarnation: string) {
    this.events.push(`left ${this.cluster.nameOf(incarnation)}`);
  }
}

class TestCluster {
  readonly clock = new VirtualClock();
  readonly hub = new InProcessHub(this.clock);
  readonly members: Member[] = [];

  async join(name: string): Promise<Member> {
    const member = new Member(name, this, this.members.length);
    this.members.push(member);
    await this.until(member.lease.start());
    await this.pass(600);
    member.take();
    return member;
  }
  nameOf(incarnation: string): string {
    return this.members.find(({ lease }) => lease.incarnation === incarnation)?.name ?? 'unknown';
  }
  async pass(ms: number): Promise<void> {
    const limit = this.clock.now() + ms;
    await tick();
    while (this.clock.runNext(limit)) await tick();
    this.clock.moveTo(limit);
  }
  async until<T>(work: Promise<T>): Promise<T> {
    let isSettled = false;
    const settle = () => void (isSettled = true);
    work.then(settle, settle);
    for (let steps = 0; !isSettled && steps < 10_000; steps++) await this.pass(10);
    return work;
  }
  async claim(member: Member, key: string, withinMs?: number) {
    const outcome = await this.until(member.lease.claim(room(key), 1, withinMs));
    return outcome.kind === 'claimed' ? outcome.fence : this.nameOf(outcome.owner.incarnation);
  }
  ownerOf(key: string): string | undefined {
    const owner = this.hub.directory.locate(room(key));
    return owner && this.nameOf(owner.incarnation);
  }
}

const tick = () => new Promise((resolve) => setImmediate(resolve));
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'resolved',
    (error: { code?: string }) => error.code,
  );

describe('the lease of a node', () => {
  it('may run while it is renewed, and knows the other nodes', async () => {
    const cluster = new TestCluster();
    const a = await cluster.join('a');
    const b = await cluster.join('b');
    expect(a.take()).toEqual(['joined b']);
    await cluster.claim(a, 'x');
    for (let passed = 0; passed < 20_000; passed += 50) {
      await cluster.pass(50);
      expect([a.lease.mayRun(), b.lease.mayRun()]).toEqual([true, true]);
    }
    expect([...a.lease.others]).toEqual([b.lease.incarnation]);
    await cluster.until(b.lease.close());
    await cluster.pass(1_000);
    expect([a.take(), b.take(), a.lease.others.size]).toEqual([['left b'], ['ended'], 0]);
    expect(b.lease.mayRun()).toBe(false);
    expect(await codeOf(b.lease.claim(room('x')))).toBe('directory_closed');
  });

  it('stops before the lease can have ended, counted from when its renewal was sent', async () => {
    const cluster = new TestCluster();
    const a = await cluster.join('a');
    const b = await cluster.join('b');
    await cluster.claim(a, 'x');
    // Renewals reach the directory at once; their replies take half of the lease.
    a.faults.replyDelayMs = 1_000;
    await cluster.pass(5_000);
    expect([a.lease.mayRun(), a.take()]).toEqual([true, ['joined b']]);
    a.faults.directoryAnswers = 'later';
    const stolen = b.lease.claim(room('x'), 1, 4_000);
    let stoppedAt = 0;
    let endedAt = 0;
    for (let ms = 0; ms < 5_000; ms += 5) {
      await cluster.pass(5);
      if (stoppedAt === 0 && !a.lease.mayRun()) stoppedAt = cluster.clock.now();
      if (endedAt === 0 && cluster.ownerOf('x') === undefined) endedAt = cluster.clock.now();
    }
    expect(Math.min(stoppedAt, endedAt)).toBeGreaterThan(0);
    expect(endedAt - stoppedAt).toBeGreaterThanOrEqual(LEASE_DEFAULTS.marginMs);
    expect((await cluster.until(stolen)).kind).toBe('owned');
    expect(await cluster.claim(b, 'x')).toEqual(expect.any(Number));
    expect(a.take()).toContain('suspended');
  });

  it('goes on with its rooms after a short absence of the directory, except those that are lost', async () => {
    const cluster = new TestCluster();
    const a = await cluster.join('a');
    const b = await cluster.join('b');
    for (const key of ['kept', 'stolen']) await cluster.claim(a, key);
    a.faults.directoryAnswers = 'with errors';
    await cluster.pass(2_000);
    expect([a.lease.mayRun(), a.take()]).toEqual([false, ['joined b', 'suspended']]);
    await cluster.pass(1_000);
    expect(await cluster.claim(b, 'stolen')).toEqual(expect.any(Number));
    a.faults.directoryAnswers = 'yes';
    await cluster.pass(600);
    expect([a.take(), a.lease.mayRun(), a.lease.rooms.length]).toEqual([['lost stolen', 'resumed'], true, 1]);
    expect(cluster.ownerOf('kept')).toBe('a');
  });

  it('ends after the time of grace, and a new lease begins without its rooms', async () => {
    const cluster = new TestCluster();
    const a = await cluster.join('a');
    await cluster.join('b');
    await cluster.claim(a, 'x');
    a.faults.directoryAnswers = 'with errors';
    await cluster.pass(LEASE_DEFAULTS.graceMs + 2_500);
    expect(a.take()).toEqual(['joined b', 'suspended', 'ended']);
    expect([a.lease.isOver, a.lease.rooms.length]).toEqual([true, 0]);
    a.faults.directoryAnswers = 'yes';
    const again = await cluster.join('a');
    expect(cluster.ownerOf('x')).toBe(undefined);
    expect(await cluster.claim(again, 'x')).toEqual(expect.any(Number));
  });

  it('begins when the directory comes, however late', async () => {
    const cluster = new TestCluster();
    cluster.hub.node('a').directoryAnswers = 'with errors';
    const joining = cluster.join('a');
    await cluster.pass(30_000);
    cluster.hub.node('a').directoryAnswers = 'yes';
    const a = await joining;
    expect([a.lease.mayRun(), a.lease.isOver]).toEqual([true, false]);
  });

  it('undoes a claim whose answer came too late', async () => {
    const cluster = new TestCluster();
    const a = await cluster.join('a');
    a.faults.replyDelayMs = 700;
    expect(await codeOf(cluster.claim(a, 'x', 500))).toBe('directory_failed');
    expect(a.lease.fenceOf(room('x'))).toBe(undefined);
    await cluster.pass(3_000);
    expect(cluster.ownerOf('x')).toBe(undefined);
    // The undoing does not hurt a later claim.
    a.faults.replyDelayMs = 0;
    const fence = await cluster.claim(a, 'x');
    await cluster.pass(3_000);
    expect([cluster.ownerOf('x'), a.lease.fenceOf(room('x'))]).toEqual(['a', fence]);
  });

  it('undoes a claim whose answer is lost, as soon as the directory answers', async () => {
    const cluster = new TestCluster();
    const a = await cluster.join('a');
    a.faults.losesReplies = true;
    const claiming = codeOf(a.lease.claim(room('x'), 1, 200));
    await cluster.pass(100);
    expect(cluster.ownerOf('x')).toBe('a');
    a.faults.directoryAnswers = 'with errors';
    expect(await cluster.until(claiming)).toBe('directory_failed');
    expect(cluster.ownerOf('x')).toBe('a');
    a.faults.directoryAnswers = 'yes';
    a.faults.losesReplies = false;
    await cluster.pass(3_000);
    expect(cluster.ownerOf('x')).toBe(undefined);
  });

  it('undoes a claim that the directory executes after it was undone', async () => {
    const cluster = new TestCluster();
    const a = await cluster.join('a');
    a.faults.requestDelayMs = 700;
    const claiming = codeOf(a.lease.claim(room('x'), 1, 500));
    await tick();
    a.faults.requestDelayMs = 0;
    // Its clock goes back a little, so it does not take the claim for a late one.
    cluster.hub.clockSkewMs = -400;
    a.faults.replyDelayMs = 50;
    await cluster.pass(690);
    expect(await claiming).toBe('directory_failed');
    await cluster.pass(20);
    expect(cluster.ownerOf('x')).toBe('a');
    await cluster.pass(200);
    expect(cluster.ownerOf('x')).toBe(undefined);
  });

  it('leaves no entry behind when the directory executes a claim that was given up', async () => {
    const cluster = new TestCluster();
    const a = await cluster.join('a');
    a.faults.directoryAnswers = 'later';
    expect(await codeOf(cluster.claim(a, 'x', 500))).toBe('directory_failed');
    await cluster.pass(1_000);
    a.faults.directoryAnswers = 'yes';
    await cluster.pass(600);
    expect([cluster.ownerOf('x'), a.lease.mayRun()]).toEqual([undefined, true]);
  });

  it('releases again until the directory has confirmed it', async () => {
    const cluster = new TestCluster();
    const a = await cluster.join('a');
    const b = await cluster.join('b');
    const fence = (await cluster.claim(a, 'x')) as number;
    a.faults.directoryAnswers = 'with errors';
    expect(await codeOf(cluster.until(a.lease.release({ room: room('x'), fence })))).toBe('directory_failed');
    expect(cluster.ownerOf('x')).toBe('a');
    a.faults.directoryAnswers = 'yes';
    await cluster.pass(600);
    expect(cluster.ownerOf('x')).toBe(undefined);
    const again = (await cluster.claim(a, 'x')) as number;
    const owned = { room: room('x'), fence: again };
    expect(await cluster.until(a.lease.release(owned, b.lease.incarnation))).toBe('handed');
    expect(cluster.ownerOf('x')).toBe('b');
  });

  it('keeps its rooms through a failover that has lost them, and lets nobody else claim them', async () => {
    const cluster = new TestCluster();
    const a = await cluster.join('a');
    const b = await cluster.join('b');
    const replica = cluster.hub.replica();
    const keys = Array.from({ length: 1_200 }, (_, at) => `room ${at}`);
    for (const key of keys) void a.lease.claim(room(key));
    await cluster.pass(10);
    cluster.hub.failOver(replica);
    expect(cluster.ownerOf('room 7')).toBe(undefined);
    const stolen = b.lease.claim(room('room 7'));
    await cluster.pass(1_000);
    for (const key of keys) expect(cluster.ownerOf(key)).toBe('a');
    expect(await cluster.until(stolen)).toEqual({
      kind: 'owned',
      owner: { incarnation: a.lease.incarnation, fence: a.lease.fenceOf(room('room 7')) },
    });
    expect([a.take(), a.lease.mayRun()]).toEqual([['joined b'], true]);
  });

  it('does not assert a room that it has released since the check began', async () => {
    const cluster = new TestCluster();
    const a = await cluster.join('a');
    const keys = Array.from({ length: 600 }, (_, at) => `room ${at}`);
    for (const key of keys) void a.lease.claim(room(key));
    await cluster.pass(600);
    a.faults.replyDelayMs = 60;
    cluster.hub.failOver();
    while (cluster.ownerOf('room 0') === undefined) await cluster.pass(10);
    const owned = a.lease.rooms.find(({ room: { key } }) => key === 'room 599')!;
    void a.lease.release(owned);
    await cluster.pass(200);
    expect([cluster.ownerOf('room 598'), cluster.ownerOf('room 599')]).toEqual(['a', undefined]);
  });

  it('stops and checks its rooms when its lease has ended earlier than it thought', async () => {
    const cluster = new TestCluster();
    const a = await cluster.join('a');
    // a renews at 0 and 500, b at 400 and 900.
    const passTo = (phase: number) => cluster.pass((phase - (cluster.clock.now() % 500) + 500) % 500);
    await passTo(400);
    const b = await cluster.join('b');
    await cluster.claim(a, 'x');
    await passTo(10);
    a.take();
    a.faults.directoryAnswers = 'with errors';
    await cluster.pass(1_400);
    // A jump too small to be noticed, since b has just renewed its lease.
    cluster.hub.clockSkewMs += 600;
    expect([a.lease.mayRun(), cluster.ownerOf('x')]).toEqual([true, undefined]);
    const claim = { room: room('x'), incarnation: b.lease.incarnation, number: 99 };
    expect(cluster.hub.directory.claim(claim).kind).toBe('claimed');
    a.faults.directoryAnswers = 'yes';
    await cluster.pass(600);
    expect(a.take()).toEqual(['suspended', 'lost x', 'resumed']);
  });

  it('has one owner after a failover, though the former one was cut off', async () => {
    const cluster = new TestCluster();
    const a = await cluster.join('a');
    const b = await cluster.join('b');
    const replica = cluster.hub.replica();
    await cluster.claim(a, 'x');
    a.faults.directoryAnswers = 'later';
    cluster.hub.failOver(replica);
    const claiming = b.lease.claim(room('x'), 1, 10_000);
    let claimedAt: number | undefined;
    void claiming.then(() => (claimedAt = cluster.clock.now()));
    while (claimedAt === undefined) {
      await cluster.pass(10);
      expect(claimedAt !== undefined && a.lease.mayRun()).toBe(false);
    }
    expect(cluster.ownerOf('x')).toBe('b');
    a.faults.directoryAnswers = 'yes';
    await cluster.pass(3_000);
    expect(a.take()).toEqual(['joined b', 'suspended', 'lost x', 'resumed']);
  });

  it('goes on after the directory came back empty, when it has settled', async () => {
    const cluster = new TestCluster();
    const a = await cluster.join('a');
    const b = await cluster.join('b');
    await cluster.claim(a, 'x');
    for (const member of [a, b]) member.faults.directoryAnswers = 'with errors';
    await cluster.pass(4_000);
    cluster.hub.failOver();
    for (const member of [a, b]) member.faults.directoryAnswers = 'yes';
    await cluster.pass(600);
    // Not yet: another node might have owned the room since, and not have been heard.
    expect([a.lease.mayRun(), cluster.ownerOf('x')]).toEqual([false, 'a']);
    await cluster.pass(3_000);
    expect([a.lease.mayRun(), cluster.ownerOf('x')]).toEqual([true, 'a']);
    expect(a.take().filter((event) => !event.endsWith(' b'))).toEqual(['suspended', 'resumed']);
  });

  it('is not fooled by the clock of the directory', async () => {
    const cluster = new TestCluster();
    const a = await cluster.join('a');
    const b = await cluster.join('b');
    await cluster.claim(a, 'x');
    for (const hours of [1, -1]) {
      cluster.hub.clockSkewMs += hours * 3_600_000;
      expect(await codeOf(cluster.claim(b, 'x', 100))).toMatch(/directory_failed|too_late/);
      await cluster.pass(3_000);
      expect(await cluster.claim(b, 'x')).toBe('a');
      expect(a.lease.mayRun()).toBe(true);
    }
    expect(a.take()).not.toContain('suspended');
  });

  it('takes nobody for lost who has not had the time to come back after the directory was away', async () => {
    const cluster = new TestCluster();
    const a = await cluster.join('a');
    const b = await cluster.join('b');
    const c = await cluster.join('c');
    a.take();
    for (const { faults } of [a, b, c]) faults.directoryAnswers = 'later';
    await cluster.pass(5_000);
    a.faults.directoryAnswers = 'yes';
    await cluster.pass(1_000);
    b.faults.directoryAnswers = 'yes';
    await cluster.pass(500);
    expect(a.take()).toEqual(['suspended', 'resumed']);
    expect([b.take(), [...b.lease.others]]).toEqual([
      expect.not.arrayContaining(['left a']),
      [a.lease.incarnation, c.lease.incarnation],
    ]);
    await cluster.pass(2_500);
    expect([a.take(), a.lease.others.size]).toEqual([['left c'], 1]);
  });

  it('does not run when the machine was suspended and its monotonic clock stood still', async () => {
    const cluster = new TestCluster();
    const a = await cluster.join('a');
    const { wallTime } = cluster.clock;
    let sleptMs = 0;
    cluster.clock.wallTime = () => wallTime.call(cluster.clock) + sleptMs;
    expect(a.lease.mayRun()).toBe(true);
    await cluster.pass(2);
    sleptMs = 3_600_000;
    cluster.hub.clockSkewMs = -sleptMs;
    expect(a.lease.mayRun()).toBe(false);
    await cluster.pass(1_200);
    expect(a.lease.mayRun()).toBe(true);
  });
});
