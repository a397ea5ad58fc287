import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Frame } from '../../wire/frame.js';
import type { Outbox, Outlet } from '../outbox.js';
import { MemoryLink } from './memory-link.js';
import { RecordingSink } from './recording-sink.js';
import { OutboxRun, type CreateOutbox } from './outbox-run.js';
import { MEMBERS, STEPS } from './outbox-steps.js';

export interface OutboxSuiteOptions {
  readonly create: CreateOutbox;
  /** Some messages wait for something other than the end of a tick, and `queuedBytes` does not count them. */
  readonly keepsBack?: boolean;
  /** Runs of the test with random sends, and how many others are in the room. */
  readonly runs: readonly { readonly crowd: number; readonly seed: number; readonly numRuns: number }[];
}

/** Checks what the doc comment of `Outbox` asks of every implementation. */
export function describeOutbox(name: string, { create, keepsBack, runs }: OutboxSuiteOptions): void {
  function setUp(count = MEMBERS, onDrop?: (outbox: Outbox) => void) {
    const dropped: number[] = [];
    const links = Array.from({ length: count }, () => new MemoryLink(new RecordingSink()));
    const tested = create((link) => {
      dropped.push(links.indexOf(link as MemoryLink));
      onDrop?.(tested.outbox);
    });
    const outlets = links.map((link) => tested.outbox.join(link));
    tested.settle();
    return { ...tested, links, outlets, dropped, messages: () => links.map(({ messages }) => messages) };
  }

  describe(`${name}, as an outbox`, () => {
    it.each(runs)(
      'gives each member what was sent to it in order, whatever the mix, among $crowd others',
      ({ crowd, ...parameters }) => {
        fc.assert(
          fc.property(STEPS, (steps) => {
            const { links, wanted } = new OutboxRun(create, MEMBERS + crowd, crowd).take(steps);
            expect(links.map(({ messages }) => messages)).toEqual(wanted);
          }),
          parameters,
        );
      },
    );

    it('sends a new member nothing from before, and a member that has left nothing more', () => {
      const { outbox, links, outlets, settle } = setUp(2);
      outbox.broadcast(Frame.text('before'));
      const link = new MemoryLink(new RecordingSink());
      const joined = outbox.join(link);
      outbox.sendText('welcome', joined);
      outbox.broadcast(Frame.text('between'));
      settle();
      outbox.leave(joined);
      outbox.leave(joined);
      outbox.sendText('late', joined);
      outbox.sendTo(Frame.text('late'), joined);
      outbox.sendAll([Frame.text('late'), Frame.text('late')], joined);
      outbox.send(Frame.text('to both'), [joined, outlets[0]]);
      outbox.broadcastExcept(Frame.text('except'), [joined, outlets[1]]);
      outbox.flushTo(joined);
      outbox.chunkRead(joined);
      settle();
      expect(link.messages).toEqual(['welcome', 'between']);
      expect(links.map(({ messages }) => messages)).toEqual([
        ['before', 'between', 'to both', 'except'],
        ['before', 'between'],
      ]);
      expect(outbox.queuedBytes(joined)).toBe(0);
    });

    it('sends nothing to a member that leaves before it has joined', () => {
      const { outbox, settle } = setUp(1);
      const link = new MemoryLink(new RecordingSink());
      const outlet = outbox.join(link);
      outbox.leave(outlet);
      outbox.broadcast(Frame.text('to all'));
      outbox.sendAll([Frame.text('one'), Frame.text('two')], outlet);
      settle();
      expect(link.messages).toEqual([]);
    });

    it('lets a link join again after it has left', () => {
      const { outbox, links, outlets, settle } = setUp(1);
      outbox.leave(outlets[0]);
      outbox.broadcast(Frame.text('away'));
      const again = outbox.join(links[0]);
      outbox.sendText('welcome', again);
      outbox.sendText('to nobody', outlets[0]);
      settle();
      expect(links[0].messages).toEqual(['welcome']);
    });

    it('sends all of several frames with nothing in between', () => {
      const { outbox, outlets, links, settle } = setUp(2);
      outbox.broadcast(Frame.text('before'));
      outbox.sendAll(
        ['one', 'two', 'three'].map((text) => Frame.text(text)),
        outlets[0],
      );
      outbox.broadcast(Frame.text('after'));
      settle();
      expect(links[0].messages).toEqual(['before', 'one', 'two', 'three', 'after']);
      expect(links[1].messages).toEqual(['before', 'after']);
    });

    it('sends several frames past waiting messages, but only to members whose join is complete', () => {
      const { outbox, outlets, links, settle } = setUp(2);
      outbox.broadcast(Frame.text('to all'));
      expect(outbox.sendPast([Frame.text('one'), Frame.text('two')], outlets[0])).toBe(true);
      outbox.broadcast(Frame.text('later'));
      settle();
      const past = ['one', 'two'];
      expect(links[0].messages).toEqual(keepsBack ? [...past, 'to all', 'later'] : ['to all', ...past, 'later']);
      expect(links[1].messages).toEqual(['to all', 'later']);
      outbox.leave(outlets[0]);
      expect(outbox.sendPast([Frame.text('late')], outlets[0])).toBe(true);
      const link = new MemoryLink(new RecordingSink());
      const isIn = outbox.sendPast([Frame.text('too early')], outbox.join(link));
      expect([isIn, outbox.isGated || !keepsBack]).toEqual([!keepsBack, true]);
      settle();
      expect(link.messages).toEqual(isIn ? ['too early'] : []);
      expect(links[0].messages).toHaveLength(4);
    });

    it('skips volatile frames for a member that is behind, unless its link keeps them', () => {
      const { outbox, links, outlets, settle } = setUp(3);
      links[0].stopReading();
      links[1].stopReading();
      links[1].keepsVolatile = true;
      outbox.broadcast(Frame.text('cursor', true));
      outbox.sendTo(Frame.text('own cursor', true), outlets[0]);
      outbox.send(Frame.text('their cursor', true), outlets);
      outbox.broadcast(Frame.text('kept'));
      settle();
      for (const link of links) link.startReading();
      const all = ['cursor', 'their cursor', 'kept'];
      expect(links.map(({ messages }) => messages)).toEqual([['kept'], all, all]);
    });

    it('does not change bytes that the link of a member that is behind still refers to', () => {
      const { outbox, links, outlets, settle } = setUp();
      links[0].stopReading();
      for (let round = 0; round < 3; round++) {
        outlets.forEach((outlet, number) => outbox.sendText(`${round} to ${number}`, outlet));
        outbox.broadcast(Frame.text(`${round} to all`));
        outbox.sendTo(Frame.text(`${round} to the first`), outlets[0]);
        settle();
      }
      links[0].startReading();
      const rounds = [0, 1, 2].map((round) => [`${round} to 0`, `${round} to all`, `${round} to the first`]);
      expect(links[0].messages).toEqual(rounds.flat());
    });

    it.each([
      ['a broadcast', (outbox: Outbox) => outbox.broadcast(Frame.text('first'))],
      ['a broadcast with exceptions', (outbox: Outbox) => outbox.broadcastExcept(Frame.text('first'), [])],
      [
        'a message to several',
        (outbox: Outbox, outlets: readonly Outlet[]) => outbox.send(Frame.text('first'), outlets),
      ],
    ])(
      'gives %s to everyone before it drops members that are too far behind, which get nothing more and cost the others no write',
      (_, send) => {
        let drops = 0;
        const { outbox, outlets, links, dropped, settle, messages } = setUp(5, (it) => {
          for (const link of links) link.isFull = false;
          it.broadcast(Frame.text(`${++drops} dropped`));
        });
        links[1].isFull = links[3].isFull = true;
        send(outbox, outlets);
        settle();
        settle();
        expect(dropped).toEqual([1, 3]);
        const others = ['first', '1 dropped', '2 dropped'];
        expect(messages()).toEqual([others, [], others, [], others]);
        expect(Math.max(...[0, 2, 4].map((number) => links[number].writes))).toBeLessThanOrEqual(3);
      },
    );

    it.each([
      ['a message', (outbox: Outbox, outlet: Outlet) => outbox.sendTo(Frame.text('own'), outlet)],
      ['a text', (outbox: Outbox, outlet: Outlet) => outbox.sendText('own', outlet)],
      [
        'several messages',
        (outbox: Outbox, outlet: Outlet) => outbox.sendAll([Frame.text('one'), Frame.text('two')], outlet),
      ],
    ])('drops a member that is too far behind for %s once, and no other member', (_what, send) => {
      const { outbox, outlets, links, dropped, settle, messages } = setUp(3);
      links[1].isFull = true;
      send(outbox, outlets[1]);
      outbox.broadcast(Frame.text('to all'));
      settle();
      outbox.broadcast(Frame.text('later'));
      settle();
      expect(dropped).toEqual([1]);
      expect(messages()).toEqual([['to all', 'later'], [], ['to all', 'later']]);
    });

    it('sends everything from before when a member is flushed and closed', () => {
      const { outbox, outlets, links, settle } = setUp(2);
      outbox.broadcast(Frame.text('to all'));
      outbox.sendText('own', outlets[0]);
      outbox.after(() => {
        outbox.flushTo(outlets[0]);
        links[0].close(4001);
      });
      outbox.broadcast(Frame.text('too late for the first'));
      settle();
      expect(links[0].messages).toEqual(['to all', 'own', 'close 4001']);
      expect(links[1].messages).toEqual(['to all', 'too late for the first']);
    });

    it('runs each action of `after` once, in order', () => {
      const { outbox, settle } = setUp(1);
      const ran: number[] = [];
      for (const number of [1, 2, 3]) {
        outbox.broadcast(Frame.text('to all'));
        outbox.after(() => ran.push(number));
      }
      settle();
      expect(ran).toEqual([1, 2, 3]);
    });

    it('counts what is queued for a member', () => {
      const { outbox, outlets, links, settle } = setUp(2);
      // A frame header has 2 bytes, or 4 from 126 bytes of payload on.
      const sent = [7 + 5 + 130, 7 + 3 + 130];
      outbox.broadcast(Frame.text('12345'));
      outbox.send(Frame.text('123'), [outlets[0]]);
      outbox.broadcastExcept(Frame.text('1'), [outlets[0]]);
      outbox.broadcast(Frame.text('x'.repeat(126)));
      outlets.forEach((outlet, number) => {
        const queued = outbox.queuedBytes(outlet);
        const written = links[number].bytes;
        if (keepsBack) expect(queued + written).toBeLessThanOrEqual(sent[number]);
        else expect(queued + written).toBe(sent[number]);
      });
      settle();
      expect(outlets.map((outlet) => outbox.queuedBytes(outlet))).toEqual([0, 0]);
      expect(links.map(({ bytes }) => bytes)).toEqual(sent);
    });
  });
}
