import { beforeEach, describe, expect, it } from '@jest/globals';
import { Frame } from '../wire/frame.js';
import { GatedOutbox } from './gated-outbox.js';
import type { Link } from './link.js';
import type { Outbox, Outlet } from './outbox.js';

const link = (name: string) => ({ name }) as unknown as Link;
const nameOf = (of: Outlet) => (of.link as unknown as { name: string }).name;

/** Records what it is given, for each member. */
class OpenOutbox implements Outbox {
  readonly log: string[] = [];
  readonly members = new Set<Outlet>();
  readonly hasWaiting = false;
  readonly isGated = false;

  join(of: Link): Outlet {
    const outlet = { link: of };
    this.members.add(outlet);
    this.log.push(`join ${nameOf(outlet)}`);
    return outlet;
  }
  sendPast(frames: readonly Frame[], to: Outlet): boolean {
    this.sendAll(frames, to);
    return true;
  }
  leave(member: Outlet): void {
    this.members.delete(member);
  }
  broadcast({ payload }: Frame): void {
    this.log.push(`all ${payload as string}`);
  }
  broadcastExcept({ payload }: Frame, excluded: readonly Outlet[]): void {
    this.log.push(`all but ${excluded.map(nameOf).join()} ${payload as string}`);
  }
  sendTo({ payload }: Frame, to: Outlet): void {
    if (this.members.has(to)) this.log.push(`${nameOf(to)} ${payload as string}`);
  }
  sendText(text: string, to: Outlet): void {
    this.sendTo(Frame.text(text), to);
  }
  send({ payload }: Frame, to: readonly Outlet[]): void {
    this.log.push(
      `${to
        .filter((one) => this.members.has(one))
        .map(nameOf)
        .join()} ${payload as string}`,
    );
  }
  sendAll(frames: readonly Frame[], to: Outlet): void {
    this.log.push(`${nameOf(to)} ${frames.map(({ payload }) => payload as string).join('+')}`);
  }
  after(action: () => void): void {
    action();
  }
  flushTo(): void {}
  chunkRead(): void {}
  queuedBytes(): number {
    return 0;
  }
}

describe('the output gate', () => {
  let open: OpenOutbox;
  let gate: GatedOutbox;
  let told: string[];
  let ann: ReturnType<GatedOutbox['join']>;
  let bob: typeof ann;

  beforeEach(() => {
    open = new OpenOutbox();
    told = [];
    gate = new GatedOutbox(open, 1_000, {
      gateWaits: () => told.push('waits'),
      gateOverflows: () => told.push('overflows'),
    });
  });

  /** Both members have joined, and nothing waits. */
  function join(): void {
    ann = gate.join(link('ann'));
    bob = gate.join(link('bob'));
    gate.release(gate.mark);
    open.log.length = 0;
    told.length = 0;
  }

  it('keeps everything back until it is released, and keeps its order', () => {
    join();
    gate.broadcast(Frame.text('1'));
    gate.sendTo(Frame.text('2'), ann);
    gate.broadcastExcept(Frame.text('3'), [bob]);
    gate.after(() => open.log.push('action'));
    const mark = gate.mark;
    gate.sendText('4', bob);
    gate.send(Frame.text('5'), [ann, bob]);
    expect([open.log, told, gate.hasWaiting]).toEqual([[], ['waits'], true]);
    expect(gate.sendPast([Frame.text('beat')], ann)).toBe(true);
    expect(open.log.splice(0)).toEqual(['ann beat']);
    gate.release(mark);
    expect(open.log).toEqual(['all 1', 'ann 2', 'all but bob 3', 'action']);
    // An older mark releases nothing again.
    gate.release(mark);
    gate.release(gate.mark);
    expect(open.log.slice(4)).toEqual(['bob 4', 'ann,bob 5']);
    expect([gate.hasWaiting, gate.waitingBytes]).toEqual([false, 0]);
  });

  it('has who joins wait in the same line: it gets what came after it, and nothing from before', () => {
    join();
    gate.broadcast(Frame.text('before'));
    const carl = gate.join(link('carl'));
    gate.sendTo(Frame.text('welcome'), carl);
    gate.release(gate.mark);
    expect(open.log).toEqual(['all before', 'join carl', 'carl welcome']);
  });

  it('forgets who has left before it was in, and sends it nothing', () => {
    ann = gate.join(link('ann'));
    gate.sendTo(Frame.text('welcome'), ann);
    expect(gate.sendPast([Frame.text('beat')], ann)).toBe(false);
    gate.sendAll([Frame.text('a'), Frame.text('b')], ann);
    gate.leave(ann);
    gate.release(gate.mark);
    expect([open.log, open.members.size]).toEqual([[], 0]);
  });

  it('keeps no frames without members', () => {
    join();
    for (const one of [ann, bob, bob]) gate.leave(one);
    gate.broadcast(Frame.text('1'));
    gate.broadcastExcept(Frame.text('2'), [ann]);
    gate.sendTo(Frame.text('3'), ann);
    gate.send(Frame.text('4'), [ann]);
    expect([gate.hasWaiting, told]).toEqual([false, []]);
  });

  it('never lets out what is discarded, and tells those who wait for it', () => {
    join();
    gate.broadcast(Frame.text('1'));
    gate.after(
      () => told.push('safe'),
      () => told.push('cancelled'),
    );
    gate.discard();
    gate.release(gate.mark);
    expect([open.log, told]).toEqual([[], ['waits', 'cancelled']]);
  });

  it('says once that more waits than may, behind the sends, and again only when something has left', async () => {
    join();
    const big = Frame.text('x'.repeat(600));
    gate.broadcast(big);
    gate.broadcast(big);
    gate.broadcast(big);
    expect(told).toEqual(['waits']);
    await Promise.resolve();
    expect(told).toEqual(['waits', 'overflows']);
    gate.dropFrames();
    gate.after(() => open.log.push('action'));
    expect([gate.waitingBytes, gate.hasWaiting]).toEqual([0, true]);
    gate.release(gate.mark);
    expect(open.log).toEqual(['action']);
    gate.broadcast(big);
    gate.broadcast(big);
    await Promise.resolve();
    expect(told).toEqual(['waits', 'overflows', 'waits', 'overflows']);
  });

  it('lets out what is sent while it lets something out only with its own mark', () => {
    join();
    gate.after(() => gate.broadcast(Frame.text('later')));
    gate.release(gate.mark);
    expect([open.log, gate.hasWaiting]).toEqual([[], true]);
    gate.release(gate.mark);
    expect(open.log).toEqual(['all later']);
  });
});
