import { describe, expect, it } from '@jest/globals';
import type { PeerLink } from '../libs/jamsocket/src/cluster/links/peer-link.js';
import type { EdgeChannel } from '../libs/jamsocket/src/edge/edge-channel.js';
import { EdgeRoom } from '../libs/jamsocket/src/edge/edge-room.js';
import { CoalescingOutbox } from '../libs/jamsocket/src/outbox/coalescing-outbox.js';
import { MemoryLink } from '../libs/jamsocket/src/outbox/conformance/memory-link.js';
import type { TestedOutbox } from '../libs/jamsocket/src/outbox/conformance/outbox-run.js';
import { describeOutbox } from '../libs/jamsocket/src/outbox/conformance/outbox-suite.js';
import { RecordingSink } from '../libs/jamsocket/src/outbox/conformance/recording-sink.js';
import { ImmediateOutbox } from '../libs/jamsocket/src/outbox/immediate-outbox.js';
import type { Link } from '../libs/jamsocket/src/outbox/link.js';
import type { DropMember, Outbox, Outlet } from '../libs/jamsocket/src/outbox/outbox.js';
import type { Flushable, TickFlusher } from '../libs/jamsocket/src/outbox/tick-flusher.js';
import { ClusterOutbox } from '../libs/jamsocket/src/owner/cluster-outbox.js';
import { OwnerPart } from '../libs/jamsocket/src/owner/owner-part.js';
import { RemoteLink } from '../libs/jamsocket/src/owner/remote-link.js';
import { kindOf, TO_MIRROR } from '../libs/jamsocket/src/peers/messages.js';
import { Frame } from '../libs/jamsocket/src/wire/frame.js';
import { runs } from './support/fuzz.js';

interface Relayed extends TestedOutbox {
  readonly owner: OwnerPart;
  /** Kinds of the messages to the edge. */
  readonly sent: number[];
}

/** The outbox of a room whose members are all on one other node, where everything is written when the test says so. */
function relayed(dropMember: DropMember, coalesces = true): Relayed {
  const sent: number[] = [];
  const scheduled: Flushable[] = [];
  const flusher = { gathersLonger: false, schedule: (box: Flushable) => void scheduled.push(box) };
  const atEdge = coalesces ? new CoalescingOutbox(flusher as TickFlusher, dropMember) : new ImmediateOutbox(dropMember);
  const room = new EdgeRoom(atEdge, coalesces);
  const channels = new Map<number, EdgeChannel>();
  const receive = (message: Buffer) => {
    sent.push(kindOf(message));
    room.received(message, (number) => channels.get(number));
  };
  const link = { send: receive, flushSoon: () => undefined, heardAt: 0 } as Partial<PeerLink>;
  const owner = new OwnerPart(link as PeerLink, { now: () => 0 } as never);
  const outbox = new ClusterOutbox(new ImmediateOutbox(dropMember));
  const outlets = new Map<Outlet, EdgeChannel>();
  const join = (connection: Link): Outlet => {
    const number = channels.size;
    const channel = { number, connection, outlet: null } as EdgeChannel;
    channels.set(number, channel);
    const outlet = outbox.join(new RemoteLink(owner, number, new RecordingSink()));
    outlets.set(outlet, channel);
    return outlet;
  };
  const atEdgeOf = (outlet: Outlet) => outlets.get(outlet)!.outlet;
  const queuedBytes = (outlet: Outlet) => {
    owner.sendGathered();
    return atEdgeOf(outlet) === null ? 0 : atEdge.queuedBytes(atEdgeOf(outlet) as never);
  };
  const settle = () => {
    owner.sendGathered();
    while (scheduled.length > 0) for (const box of scheduled.splice(0)) box.flushTick();
  };
  const tested: Partial<Outbox> = { join, queuedBytes };
  const forwarding = new Proxy(outbox, {
    get: (target, name: keyof Outbox) => {
      const value = tested[name] ?? target[name];
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { outbox: forwarding, settle, owner, sent };
}

const RUNS = [
  { crowd: 0, ...runs(200) },
  { crowd: 300, ...runs(10) },
];

describeOutbox('the outbox of members on another node', { create: relayed, runs: RUNS });
describeOutbox('the outbox of members on another node that writes at once', {
  create: (dropMember) => relayed(dropMember, false),
  runs: [RUNS[0]],
});

describe('the broadcasts of one tick', () => {
  function setUp() {
    const { outbox, owner, sent, settle } = relayed(() => undefined);
    const links = [1, 2].map(() => new MemoryLink(new RecordingSink()));
    const outlets = links.map((link) => outbox.join(link));
    sent.length = 0;
    return { outbox, outlets, links, owner, sent, settle };
  }

  it('go to another node as one message, and to each of its clients in one write', () => {
    const { outbox, links, sent, settle } = setUp();
    for (const text of ['one', 'two', 'ü'.repeat(100)]) outbox.broadcast(Frame.text(text));
    outbox.broadcast(Frame.binary(Buffer.alloc(70_000)));
    expect(sent).toEqual([TO_MIRROR.broadcasts]);
    settle();
    // The large one has a message of its own.
    expect(sent).toEqual([TO_MIRROR.broadcasts, TO_MIRROR.broadcasts]);
    for (const { messages, writes } of links) {
      expect(messages.map((message) => message.slice(0, 3))).toEqual(['one', 'two', 'üüü', '<00']);
      expect(writes).toBe(1);
    }
  });

  it('are not mixed with those of another room, and are gone when the other node is', () => {
    const { outbox, owner, sent } = setUp();
    outbox.broadcast(Frame.text('one'));
    owner.broadcast(owner.nextMirror(), Frame.text('elsewhere'));
    expect(sent).toEqual([TO_MIRROR.broadcasts]);
    owner.down('gone');
    owner.sendGathered();
    expect(sent).toEqual([TO_MIRROR.broadcasts]);
  });
});
