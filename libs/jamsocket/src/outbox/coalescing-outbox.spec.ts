import { describe, expect, it } from '@jest/globals';
import { CoalescingOutbox } from './coalescing-outbox.js';
import { CoalescingOutlet, HAS_LEFT } from './coalescing-outlet.js';
import { messagesOf } from './conformance/frames.js';
import type { Link } from './link.js';
import { Frame } from '../wire/frame.js';
import type { TickFlusher } from './tick-flusher.js';

/** Copies written bytes, as an operating system would, but sometimes keeps a reference to them. */
class FakeConnection {
  writes = 0;
  isBuffering = false;
  isTooFarBehind = false;
  readonly held: Buffer[] = [];

  constructor(readonly number: number) {}

  get skipsVolatile(): boolean {
    return this.isBuffering;
  }

  write(bytes: Buffer): boolean {
    this.writes += 1;
    if (this.isTooFarBehind) return false;
    // Bytes that the socket still refers to must not change.
    this.held.push(this.isBuffering ? bytes : Buffer.from(bytes));
    return true;
  }

  /** The texts of all frames written so far. */
  get texts(): string[] {
    return messagesOf(Buffer.concat(this.held));
  }
}

const MEMBERS = 4;

function setUp({ gathersLonger = false, members = MEMBERS } = {}) {
  const scheduled: CoalescingOutbox[] = [];
  const dropped: number[] = [];
  const outbox = new CoalescingOutbox(
    { gathersLonger, schedule: (box: CoalescingOutbox) => scheduled.push(box) } as unknown as TickFlusher,
    (link) => {
      dropped.push((link as unknown as FakeConnection).number);
    },
  );
  const connections = Array.from({ length: members }, (_, number) => new FakeConnection(number));
  const linkOf = (number: number) => connections[number] as unknown as Link;
  // A link before its join is like a link after it has left.
  const outlets = connections.map(({ number }) => new CoalescingOutlet(linkOf(number), HAS_LEFT));
  const real = (number: number) => outlets[number];
  const join = (number: number) => (outlets[number] = outbox.join(linkOf(number)));
  /** Ends a tick of the event loop. @returns whether there was anything to do */
  const tick = () => {
    const due = scheduled.splice(0);
    expect(due.length).toBeLessThanOrEqual(1);
    for (const box of due) box.flushTick();
    return due.length > 0;
  };
  const allTicks = () => {
    for (let ticks = 0; tick(); ticks++) expect(ticks).toBeLessThan(50);
  };
  return { outbox, connections, join, real, dropped, tick, allTicks };
}

describe('the coalescing outbox', () => {
  it('writes once a member and tick, however many messages there are', () => {
    const { outbox, join, connections, real } = setUp();
    for (const { number } of connections) join(number);
    for (let count = 0; count < 10; count++) outbox.broadcast(Frame.text(`message ${count}`));
    outbox.broadcastExcept(Frame.text('except'), [real(0)]);
    outbox.send(Frame.text('direct'), [real(1)]);
    outbox.flush();
    expect(connections.map(({ writes }) => writes)).toEqual([1, 1, 1, 1]);
  });

  it('answers as soon as everyone has an answer, if nothing else waits', () => {
    const { outbox, join, connections, real } = setUp();
    for (const { number } of connections) join(number);
    for (const { number } of connections) {
      expect(connections.map(({ writes }) => writes)).toEqual([0, 0, 0, 0]);
      outbox.sendText(`answer ${number}`, real(number));
      outbox.chunkRead(real(number));
    }
    expect(connections.map(({ texts }) => texts)).toEqual([['answer 0'], ['answer 1'], ['answer 2'], ['answer 3']]);
    for (const { number } of connections) outbox.sendText('second', real(number));
    outbox.broadcast(Frame.text('to all'));
    outbox.chunkRead(real(0));
    expect(connections.map(({ writes }) => writes)).toEqual([1, 1, 1, 1]);
    outbox.flush();
    expect(connections[3].texts).toEqual(['answer 3', 'second', 'to all']);
  });

  it('does not have more than eight answers wait for each other', () => {
    const { outbox, join, connections, real } = setUp({ members: 20 });
    for (const { number } of connections) join(number);
    for (const { number } of connections) {
      outbox.sendText('answer', real(number));
      outbox.chunkRead(real(number));
      const answered = connections.filter(({ writes }) => writes > 0).length;
      expect(answered).toBe(Math.floor((number + 1) / 8) * 8);
    }
  });

  it('gathers answers, too, for as long as it was told', () => {
    const { outbox, join, connections, real } = setUp({ gathersLonger: true });
    join(0);
    outbox.sendText('answer', real(0));
    outbox.chunkRead(real(0));
    expect(connections[0].writes).toBe(0);
  });

  it('drops a client that is too far behind for its answers', () => {
    const { outbox, join, connections, real, dropped } = setUp();
    join(0);
    connections[0].isTooFarBehind = true;
    outbox.sendText('answer', real(0));
    outbox.chunkRead(real(0));
    expect(dropped).toEqual([0]);
  });

  it('shares the bytes between the members that get the same', () => {
    const { outbox, join, connections } = setUp();
    for (const connection of connections) {
      connection.isBuffering = true;
      join(connection.number);
    }
    outbox.broadcast(Frame.text('to all'));
    outbox.flush();
    expect(new Set(connections.map(({ held }) => held[0].buffer)).size).toBe(1);
  });

  it('counts what is queued for a member exactly', () => {
    const { outbox, join, real } = setUp();
    join(0);
    join(1);
    outbox.broadcast(Frame.text('12345'));
    outbox.send(Frame.text('123'), [real(0)]);
    outbox.broadcastExcept(Frame.text('1'), [real(0)]);
    outbox.broadcast(Frame.text('x'.repeat(126)));
    // A frame header has 2 bytes, or 4 from 126 bytes of payload on.
    expect(outbox.queuedBytes(real(0))).toBe(7 + 5 + 130);
    expect(outbox.queuedBytes(real(1))).toBe(7 + 3 + 130);
    expect(outbox.queuedBytes(real(2))).toBe(0);
    outbox.flush();
    expect(outbox.queuedBytes(real(0))).toBe(0);
  });

  it('keeps no reference to the connection of a member that has left', () => {
    const { outbox, join, connections, real } = setUp();
    for (const { number } of connections) join(number);
    outbox.sendText('to 0', real(0));
    outbox.sendText('to 1', real(1));
    const left = real(0);
    outbox.leave(left);
    outbox.broadcast(Frame.text('to all'));
    outbox.flush();
    expect(left.nextApart).toBe(null);
    expect(connections[1].texts).toEqual(['to 1', 'to all']);
  });

  it('asks to be flushed once a tick, and writes at once what has grown large', () => {
    const { outbox, join, connections, tick } = setUp();
    join(0);
    outbox.broadcast(Frame.text('small'));
    outbox.broadcast(Frame.text('small, too'));
    expect(connections[0].writes).toBe(0);
    outbox.broadcast(Frame.text('x'.repeat(64 * 1024)));
    expect(connections[0].writes).toBe(1);
    outbox.broadcast(Frame.text('small again'));
    expect([tick(), tick()]).toEqual([true, false]);
    expect(connections[0].writes).toBe(2);
  });
});

describe('the coalescing outbox of a large room', () => {
  const LARGE = 1_600;

  function setUpLarge(options = {}) {
    const set = setUp({ members: LARGE, ...options });
    for (const { number } of set.connections) set.join(number);
    const written = () => set.connections.filter(({ writes }) => writes > 0).length;
    return { ...set, written };
  }

  it('writes to an eighth of the members a tick, until everyone has got everything', () => {
    const { outbox, connections, tick, written } = setUpLarge();
    for (const text of ['first', 'second']) {
      outbox.broadcast(Frame.text(text));
      const before = connections[0].writes;
      for (let eighth = 1; eighth <= 8; eighth++) {
        expect(tick()).toBe(true);
        expect(connections.filter(({ writes }) => writes > before).length).toBe((LARGE / 8) * eighth);
      }
      expect(tick()).toBe(false);
    }
    expect(written()).toBe(LARGE);
    expect(connections.every(({ texts }) => texts.join() === 'first,second')).toBe(true);
  });

  it('gives those who are written to later more at once', () => {
    const { outbox, connections, tick, allTicks } = setUpLarge();
    for (let count = 0; count < 8; count++) {
      outbox.broadcast(Frame.text(`${count}`));
      tick();
    }
    expect(connections[0].texts).toEqual(['0']);
    expect(connections[LARGE - 1].texts.join('')).toBe('01234567');
    allTicks();
    expect(connections.every(({ texts }) => texts.join('') === '01234567')).toBe(true);
    expect(Math.max(...connections.map(({ writes }) => writes))).toBe(2);
  });

  it('answers those first who have said something, even if the answer takes a few ticks', () => {
    const { outbox, connections, real, tick } = setUpLarge();
    outbox.chunkRead(real(1_000));
    outbox.chunkRead(real(1_001));
    outbox.broadcast(Frame.text('an answer'));
    tick();
    expect(connections[1_000].texts).toEqual(['an answer']);
    expect(connections[1_001].texts).toEqual(['an answer']);
    expect(connections[1_002].texts).toEqual([]);
    outbox.chunkRead(real(1_000));
    tick();
    outbox.broadcast(Frame.text('a late one'));
    tick();
    expect(connections[1_000].texts).toEqual(['an answer', 'a late one']);
    expect(connections[1_001].texts).toEqual(['an answer']);
  });

  it('writes to a slice of those first, too, if everyone has said something', () => {
    const { outbox, connections, real, tick, allTicks, written } = setUpLarge();
    for (const { number } of connections.slice(LARGE / 2)) outbox.chunkRead(real(number));
    outbox.broadcast(Frame.text('to all'));
    tick();
    expect(written()).toBe(LARGE / 4);
    allTicks();
    expect(connections.every(({ texts }) => texts.join() === 'to all')).toBe(true);
  });

  it('continues in slices, however much is sent', () => {
    const { outbox, connections, real, tick, allTicks } = setUpLarge();
    const sent: string[] = [];
    let before = 0;
    for (let count = 0; count < 400; count++) {
      sent.push(`${count}`.padEnd(500, 'x'));
      outbox.broadcast(Frame.text(sent[count]));
      outbox.sendTo(Frame.text('one'), real(count));
      tick();
      const writes = connections.reduce((sum, connection) => sum + connection.writes, 0);
      expect(writes - before).toBeLessThanOrEqual(LARGE / 8 + 1);
      before = writes;
    }
    allTicks();
    for (const number of [0, 200, LARGE - 1]) {
      expect(connections[number].texts.filter((text) => text !== 'one')).toEqual(sent);
    }
    expect(connections[200].texts.indexOf('one')).toBe(201);
  });

  it.each([[[]], [['last']]])('loses nothing between two walks, with %j in the last tick of the first', (last) => {
    const { outbox, connections, real, tick, allTicks } = setUpLarge();
    for (let eighth = 1; eighth < 8; eighth++) {
      if (eighth === 1 || last.length > 0) outbox.broadcast(Frame.text(`${eighth}`));
      tick();
    }
    for (const text of last) outbox.broadcast(Frame.text(text));
    // More members than one tick writes to.
    outbox.send(
      Frame.text('own'),
      connections.slice(0, 300).map(({ number }) => real(number)),
    );
    tick();
    expect(connections.filter(({ texts }) => texts.includes('own')).length).toBe(LARGE / 8);
    allTicks();
    const all = [1, 2, 3, 4, 5, 6, 7].slice(0, last.length > 0 ? 7 : 1).map(String);
    expect(connections[0].texts).toEqual([...all, ...last, 'own']);
    expect(connections[299].texts).toEqual([...all, ...last, 'own']);
    expect(connections[300].texts).toEqual([...all, ...last]);
  });

  it('writes to one member what has to be written to it now', () => {
    const { outbox, connections, real, tick, written } = setUpLarge();
    outbox.broadcast(Frame.text('to all'));
    outbox.flushTo(real(1_000));
    outbox.flushTo(real(1_000));
    expect([connections[1_000].writes, written()]).toEqual([1, 1]);
    tick();
    outbox.leave(real(1_000));
    outbox.flushTo(real(1_000));
    expect(connections[1_000].texts).toEqual(['to all']);
  });

  it('writes to those first who get something of their own', () => {
    const { outbox, connections, real, tick, allTicks } = setUpLarge();
    outbox.sendText('before', real(1_500));
    outbox.broadcast(Frame.text('to all'));
    outbox.sendTo(Frame.text('behind'), real(1_400));
    tick();
    expect(connections[1_500].texts).toEqual(['before', 'to all']);
    expect(connections[1_400].texts).toEqual(['to all', 'behind']);
    expect(connections[1_300].texts).toEqual([]);
    outbox.sendTo(Frame.text('a tick later'), real(1_450));
    allTicks();
    // A stale link would keep a departed connection in memory.
    expect(connections.every(({ number }) => real(number).nextApart === null)).toBe(true);
  });

  it('writes frames that no other member of the slice needs', () => {
    const { outbox, join, connections, real, tick } = setUp({ members: 130 });
    for (const { number } of connections) join(number);
    outbox.broadcast(Frame.text('to all'));
    tick();
    outbox.sendTo(Frame.text('to 128'), real(128));
    outbox.sendTo(Frame.text('to 129'), real(129));
    tick();
    expect(connections[128].texts).toEqual(['to all', 'to 128']);
    expect(connections[129].texts).toEqual(['to all', 'to 129']);
  });

  it('begins with the first member again when everyone has been written to', () => {
    const { outbox, connections, tick } = setUpLarge();
    outbox.broadcast(Frame.text('small'));
    tick();
    outbox.flush();
    outbox.broadcast(Frame.text('next'));
    tick();
    expect(connections[0].texts).toEqual(['small', 'next']);
    expect(connections[LARGE / 8].texts).toEqual(['small']);
  });

  it('writes to everyone at once what may not wait, or has grown large', () => {
    const { outbox, connections, tick, allTicks } = setUpLarge();
    outbox.broadcast(Frame.text('small'));
    tick();
    outbox.flush();
    expect(connections.every(({ texts }) => texts.join() === 'small')).toBe(true);
    outbox.broadcast(Frame.text('small'));
    tick();
    outbox.broadcast(Frame.text('x'.repeat(64 * 1024)));
    expect(connections.every(({ texts }) => texts.length === 3)).toBe(true);
    allTicks();
    expect(connections.every(({ texts }) => texts.length === 3)).toBe(true);
  });

  it('writes to everyone at once if sends are gathered for longer', () => {
    const { outbox, tick, written } = setUpLarge({ gathersLonger: true });
    outbox.broadcast(Frame.text('to all'));
    tick();
    expect(written()).toBe(LARGE);
  });

  it('forgets who leaves before it is written to', () => {
    const { outbox, connections, real, tick, allTicks } = setUpLarge();
    outbox.broadcast(Frame.text('to all'));
    tick();
    outbox.chunkRead(real(1_000));
    outbox.leave(real(1_000));
    outbox.leave(real(1_200));
    outbox.chunkRead(real(1_200));
    allTicks();
    expect([connections[1_000].writes, connections[1_200].writes]).toEqual([0, 0]);
    expect(connections[1_599].texts).toEqual(['to all']);
  });

  it('counts what is still queued for those who have not been written to', () => {
    const { outbox, real, tick } = setUpLarge();
    outbox.broadcast(Frame.text('12345'));
    tick();
    outbox.broadcast(Frame.text('123'));
    expect(outbox.queuedBytes(real(0))).toBe(5);
    expect(outbox.queuedBytes(real(LARGE - 1))).toBe(12);
  });

  it('drops a member that is too far behind, in its slice, and only that one', () => {
    const { outbox, connections, dropped, tick, allTicks } = setUpLarge();
    connections[LARGE - 1].isTooFarBehind = true;
    outbox.broadcast(Frame.text('to all'));
    tick();
    expect(dropped).toEqual([]);
    allTicks();
    expect(dropped).toEqual([LARGE - 1]);
    expect(connections.filter(({ texts }) => texts.length === 1).length).toBe(LARGE - 1);
  });
});
