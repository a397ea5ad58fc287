import { CoalescingOutbox } from './coalescing-outbox.js';
import { describeOutbox, type OutboxSuiteOptions } from './conformance/outbox-suite.js';
import type { TestedOutbox } from './conformance/outbox-run.js';
import { GatedOutbox } from './gated-outbox.js';
import { ImmediateOutbox } from './immediate-outbox.js';
import type { DropMember } from './outbox.js';
import { runs } from '../../../../test/support/fuzz.js';
import type { Flushable, TickFlusher } from './tick-flusher.js';

/** An outbox whose ticks end when the test says so. */
function coalescing(dropMember: DropMember): TestedOutbox {
  let scheduled: Flushable[] = [];
  const flusher: Pick<TickFlusher, 'gathersLonger' | 'schedule'> = {
    gathersLonger: false,
    schedule: (outbox) => void scheduled.push(outbox),
  };
  const endTick = () => {
    const due = scheduled;
    scheduled = [];
    for (const outbox of due) outbox.flushTick();
  };
  const settle = () => {
    // In a large room a tick is not enough.
    while (scheduled.length > 0) endTick();
  };
  return { outbox: new CoalescingOutbox(flusher as TickFlusher, dropMember), settle };
}

function immediate(dropMember: DropMember): TestedOutbox {
  return { outbox: new ImmediateOutbox(dropMember), settle: () => undefined };
}

/** A gate before another outbox. It releases at once, or when the test says so. */
function gated(
  createOpen: (dropMember: DropMember) => TestedOutbox,
  isReleasedAtOnce: boolean,
): OutboxSuiteOptions['create'] {
  return (dropMember) => {
    const open = createOpen(dropMember);
    const release = () => outbox.release(outbox.mark);
    const outbox: GatedOutbox = new GatedOutbox(open.outbox, Infinity, {
      gateWaits: () => {
        if (isReleasedAtOnce) release();
      },
      gateOverflows: () => undefined,
    });
    const settle = () => {
      while (outbox.hasWaiting) release();
      open.settle();
      // Messages sent since a member was dropped.
      if (outbox.hasWaiting) settle();
    };
    return { outbox, settle };
  };
}

const ALONE = [{ crowd: 0, ...runs(100) }];
const ALONE_AND_IN_A_CROWD = [
  { crowd: 0, ...runs(400) },
  { crowd: 300, ...runs(40) },
];

describeOutbox('a coalescing outbox', { create: coalescing, runs: ALONE_AND_IN_A_CROWD });
describeOutbox('an outbox that writes at once', { create: immediate, runs: ALONE });
describeOutbox('a gate that is open, before a coalescing outbox', { create: gated(coalescing, true), runs: ALONE });
describeOutbox('a gate before a coalescing outbox', { create: gated(coalescing, false), keepsBack: true, runs: ALONE });
describeOutbox('a gate before an outbox that writes at once', {
  create: gated(immediate, false),
  keepsBack: true,
  runs: ALONE,
});
