import { describe, expect, it } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import { Frame } from '../../wire/frame.js';
import type { Link } from '../link.js';
import { encoded } from './frames.js';
import type { RecordingSink } from './recording-sink.js';

/** Limit of the buffers of the tested links. */
export const MAX_BUFFERED_BYTES = 400_000;

/** A link with both of its ends. */
export interface OpenLink {
  readonly link: Link;
  readonly sink: RecordingSink;
  readonly peer: {
    /** What it has received, in the form of `messagesOf`. */
    readonly messages: readonly string[];
    sends(text: string): void;
    stopsReading(): void;
    startsReading(): void;
    closes(code: number, reason: string): void;
    vanishes(): void;
    breaksProtocol(): void;
  };
  /** Sets the clock of `lastHeard`. */
  setNow(ms: number): void;
  /** The socket is in another process: what waits is bounded there, and a close of the peer has been answered there. */
  readonly isElsewhere?: boolean;
}

/** Checks what the doc comment of `Link` asks of every implementation. `open` must limit the link's buffer to `MAX_BUFFERED_BYTES`. */
export function describeLink(name: string, open: () => OpenLink): void {
  describe(`${name}, as a link`, () => {
    it('sends what it is given in order, whichever way, and closes after all of it', async () => {
      const { link, sink, peer } = open();
      link.write(encoded('one'));
      link.writeFrame(Frame.text('two'));
      link.write(Buffer.concat([encoded('three'), encoded('x'.repeat(70_000))]));
      link.writeFrame(Frame.binary(Buffer.from([1, 2])));
      sink.onClosing = () => void link.write(encoded('last'));
      link.close(4001, 'enough');
      expect(sink.told).toEqual(['closing', 'closed 4001 enough']);
      await until(() => peer.messages.includes('close 4001 enough'));
      expect(peer.messages).toEqual(['one', 'two', 'three', 'x'.repeat(70_000), '<0102>', 'last', 'close 4001 enough']);
      await link.ended;
      expect(link.hasEnded).toBe(true);
    });

    it('keeps what its peer does not read yet unharmed, in order and within its bound', async () => {
      const opened = open();
      const { link, peer } = opened;
      peer.stopsReading();
      const taken = await fill(opened);
      expect(taken.length).toBeGreaterThan(0);
      expect(link.isBehind).toBe(true);
      expect(link.bufferedBytes).toBeGreaterThan(0);
      expect(link.bufferedBytes).toBeLessThanOrEqual(MAX_BUFFERED_BYTES);
      peer.startsReading();
      await until(() => !link.isBehind);
      expect(link.bufferedBytes).toBe(0);
      if (link.write(encoded('behind it'))) taken.push('behind it');
      link.writeFrame(Frame.text('at last'));
      await until(() => peer.messages.includes('at last'));
      expect(peer.messages.map(headOf)).toEqual([...taken, 'at last'].map(headOf));
    });

    it('goes without volatile frames while it is behind, unless it keeps them: then its client is told', async () => {
      const opened = open();
      const { link, sink, peer } = opened;
      expect([link.isBehind, link.skipsVolatile]).toEqual([false, false]);
      peer.stopsReading();
      await fill(opened);
      expect(link.skipsVolatile).toBe(true);
      expect(sink.told).toEqual([]);
      peer.startsReading();
      await until(() => !link.isBehind);
      expect(link.skipsVolatile).toBe(false);
      link.keepsVolatile = true;
      peer.stopsReading();
      await fill(opened);
      expect([link.isBehind, link.skipsVolatile]).toEqual([true, false]);
      expect(sink.told).toEqual(['behind']);
    });

    it('discards what waits when it is dropped', async () => {
      const opened = open();
      const { link, sink, peer } = opened;
      peer.stopsReading();
      const taken = await fill(opened);
      link.drop(1013, 'too far behind');
      expect(sink.told.filter((told) => told !== 'closing')).toEqual(['dropped', 'closed 1013 too far behind']);
      await someTicks();
      peer.startsReading();
      await until(() => peer.messages.includes('close 1013 too far behind'));
      expect(peer.messages.length - 1).toBeLessThan(taken.length);
      await link.ended;
    });

    it('delivers in order what its peer sends, and knows when that was', async () => {
      const { link, sink, peer, setNow } = open();
      setNow(7);
      for (const text of ['one', 'two', 'three']) peer.sends(text);
      await until(() => sink.told.length === 3);
      expect(sink.told).toEqual(['one', 'two', 'three']);
      expect(link.lastHeard).toBe(7);
    });

    it('delivers nothing while it is paused, and all of it afterwards', async () => {
      const { link, sink, peer } = open();
      peer.sends('before');
      await until(() => sink.told.length === 1);
      link.pause();
      expect(link.isPaused).toBe(true);
      for (const text of ['one', 'two']) peer.sends(text);
      await someTicks();
      expect(sink.told).toEqual(['before']);
      link.resume();
      expect(link.isPaused).toBe(false);
      await until(() => sink.told.length === 3);
      expect(sink.told).toEqual(['before', 'one', 'two']);
    });

    it('delivers what it had received before its peer was lost, though it was paused', async () => {
      const { link, sink, peer } = open();
      link.pause();
      peer.sends('one');
      await someTicks();
      peer.vanishes();
      await someTicks();
      // Some implementations notice the loss only now.
      link.resume();
      await until(() => sink.told.length === 2);
      expect(sink.told).toEqual(['one', 'closed 1006']);
    });

    it('tells of the end once, be it a close of its peer', async () => {
      const { link, sink, peer, isElsewhere = false } = open();
      sink.onClosing = () => void link.write(encoded('last'));
      peer.closes(4002, 'bye');
      await link.ended;
      await until(() => sink.told.includes('closed 4002 bye'));
      link.terminate('again');
      link.close(1000);
      expect(sink.told).toEqual(isElsewhere ? ['closed 4002 bye'] : ['closing', 'closed 4002 bye']);
      expect(peer.messages).toEqual(isElsewhere ? ['close 4002 bye'] : ['last', 'close 4002 bye']);
    });

    it('tells of the end once, be it the loss of its peer', async () => {
      const { link, sink, peer } = open();
      peer.vanishes();
      await link.ended;
      await until(() => sink.told.length > 0);
      expect(sink.told).toEqual(['closed 1006']);
      expect([link.hasEnded, link.hasFailed]).toEqual([true, false]);
    });

    it('is cut at once', async () => {
      const { link, sink } = open();
      link.terminate('heartbeat timeout');
      expect(sink.told).toEqual(['closed 1006 heartbeat timeout']);
      await link.ended;
      expect(sink.told).toHaveLength(1);
    });

    it('knows that its peer broke the protocol', async () => {
      const { link, sink, peer } = open();
      peer.breaksProtocol();
      await until(() => sink.told.some((told) => told.startsWith('closed')));
      expect(link.hasFailed).toBe(true);
    });

    it('does nothing once it has ended', async () => {
      const { link, sink, peer } = open();
      link.close(1000);
      const { told } = sink;
      const before = [...told];
      expect([link.write(encoded('late')), link.writeFrame(Frame.text('late'))]).toEqual([true, true]);
      link.pause();
      expect(link.isPaused).toBe(false);
      link.close(4001);
      link.drop(1013, 'too far behind');
      await link.ended;
      link.terminate('late');
      link.resume();
      expect(told).toEqual(before);
      expect(peer.messages).toEqual(['close 1000']);
    });
  });
}

/**
 * Fills the link by both kinds of writes, and reuses the memory where the port allows it. Past the limit, a link whose socket
 * is elsewhere would end there: it is filled almost.
 * @returns what the link has accepted
 */
async function fill({ link, isElsewhere = false }: OpenLink): Promise<string[]> {
  const taken: string[] = [];
  let memory = Buffer.alloc(0);
  for (let n = 0; ; n++) {
    if (isElsewhere && n === 12) {
      await until(() => link.isBehind);
      return taken;
    }
    expect(n).toBeLessThan(100);
    const text = `${n} `.padEnd(30_000, String.fromCharCode(97 + (n % 26)));
    const bytes = encoded(text);
    if (memory.length === 0) memory = Buffer.alloc(bytes.length + 100);
    bytes.copy(memory);
    const isTaken = n % 5 === 4 ? link.writeFrame(Frame.text(text)) : link.write(memory.subarray(0, bytes.length));
    if (!isTaken) return taken;
    taken.push(text);
    if (link.isBuffering) memory = Buffer.alloc(0);
    else memory.fill(0);
    await setImmediate();
  }
}

function headOf(message: string): string {
  return `${message.slice(0, 30)} (${message.length})`;
}

async function someTicks(): Promise<void> {
  for (let tick = 0; tick < 5; tick++) await setImmediate();
}

/** Waits, tick by tick, for data that arrives over sockets of this process. */
async function until(condition: () => boolean): Promise<void> {
  for (let tick = 0; !condition(); tick++) {
    if (tick === 20_000) throw new Error(`Not within ${tick} ticks: ${condition.toString()}`);
    await setImmediate();
  }
}
