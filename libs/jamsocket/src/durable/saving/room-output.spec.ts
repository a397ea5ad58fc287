import { beforeEach, describe, expect, it } from '@jest/globals';
import type { JamsocketContext } from '../../members/room-context.js';
import type { DurableRoom } from '../durable-room.js';
import type { ObserverSet } from '../../observe/observer-set.js';
import type { Outbox } from '../../outbox/outbox.js';
import { VirtualClock } from '../../testing/time/virtual-clock.js';
import { RoomOutput } from './room-output.js';

describe('the output of a room that is saved', () => {
  const context = { roomId: 'one' } as JamsocketContext;
  let clock: VirtualClock;
  let waits: number[];
  let output: RoomOutput;

  const outputOf = (observer: ObserverSet | null) =>
    new RoomOutput({} as Outbox, 1_000, {
      room: { observer, context } as DurableRoom,
      clock,
      outputWaits: () => undefined,
      isWaiting: () => undefined,
    });

  beforeEach(() => {
    clock = new VirtualClock();
    waits = [];
    const gatePassed = (of: JamsocketContext, waitedMs: number) => {
      expect(of).toBe(context);
      waits.push(waitedMs);
    };
    output = outputOf({ gatePassed } as unknown as ObserverSet);
  });

  const send = () => output.gate.after(() => undefined);
  const at = (ms: number) => clock.moveTo(ms);

  it('tells how long the oldest has waited, once for all that passes together', () => {
    at(100);
    send();
    at(130);
    send();
    at(150);
    output.release(output.gate.mark, 140);
    expect(waits).toEqual([50]);
    at(200);
    send();
    at(201);
    output.release(output.gate.mark, 200);
    expect(waits).toEqual([50, 1]);
  });

  it('does not count for what came later the time of those before it', () => {
    send();
    const first = output.gate.mark;
    at(10);
    send();
    at(100);
    output.release(first, 5);
    const second = output.gate.mark;
    at(110);
    send();
    at(200);
    output.release(second, 105);
    expect(output.waiting).toMatchObject({ forMs: 95 });
    at(300);
    output.release(output.gate.mark, 250);
    // The second came after the snapshot at 5, the third after that at 105.
    expect(waits).toEqual([100, 195, 195]);
  });

  it('tells nothing if nothing passes or no observer listens', () => {
    output.release(output.gate.mark, 0);
    expect(waits).toEqual([]);
    const alone = outputOf(null);
    alone.gate.after(() => undefined);
    alone.release(alone.gate.mark, 0);
    expect([alone.waiting, waits]).toEqual([undefined, []]);
  });
});
