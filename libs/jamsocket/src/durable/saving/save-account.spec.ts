import { beforeEach, describe, expect, it } from '@jest/globals';
import type { JamsocketContext } from '../../members/room-context.js';
import type { ObserverSet } from '../../observe/observer-set.js';
import { GatedOutbox } from '../../outbox/gated-outbox.js';
import type { Outbox } from '../../outbox/outbox.js';
import { VirtualClock } from '../../testing/virtual-clock.js';
import { SaveAccount } from './save-account.js';

describe('the account of a room that is saved', () => {
  const context = { roomId: 'one' } as JamsocketContext;
  let clock: VirtualClock;
  let waits: number[];
  let account: SaveAccount;
  let gate: GatedOutbox;

  beforeEach(() => {
    clock = new VirtualClock();
    waits = [];
    const observer = {
      gatePassed: (of: JamsocketContext, waitedMs: number) => {
        expect(of).toBe(context);
        waits.push(waitedMs);
      },
    } as unknown as ObserverSet;
    account = new SaveAccount({ observer, context }, clock);
    gate = new GatedOutbox({} as Outbox, 1_000, {
      gateWaits: () => account.gateWaits(),
      gateOverflows: () => undefined,
    });
  });

  const send = () => gate.after(() => undefined);
  const at = (ms: number) => clock.moveTo(ms);

  it('tells how long the oldest has waited, once for all that passes together', () => {
    at(100);
    send();
    at(130);
    send();
    at(150);
    account.release(gate, gate.mark, 140);
    expect(waits).toEqual([50]);
    at(200);
    send();
    at(201);
    account.release(gate, gate.mark, 200);
    expect(waits).toEqual([50, 1]);
  });

  it('does not count for what came later the time of those before it', () => {
    send();
    const first = gate.mark;
    at(10);
    send();
    at(100);
    account.release(gate, first, 5);
    const second = gate.mark;
    at(110);
    send();
    at(200);
    account.release(gate, second, 105);
    expect(gate.hasWaiting).toBe(true);
    expect(account.gatedForMs).toBe(95);
    at(300);
    account.release(gate, gate.mark, 250);
    // The second came after the snapshot at 5, the third after that at 105.
    expect(waits).toEqual([100, 195, 195]);
  });

  it('tells nothing if nothing passes or no observer listens', () => {
    account.release(gate, gate.mark, 0);
    expect(waits).toEqual([]);
    const alone = new SaveAccount({ observer: null, context }, clock);
    send();
    alone.release(gate, gate.mark, 0);
    alone.saved({ parts: { state: new Uint8Array(3) } }, 7);
    alone.fenced();
    expect([gate.hasWaiting, alone.savedAt, waits]).toEqual([false, 7, []]);
  });
});
