import { describe, expect, it } from '@jest/globals';
import { setImmediate as tick } from 'node:timers/promises';
import type { PeerLink } from '../libs/jamsocket/src/cluster/links/peer-link.js';
import { EdgePart, type EdgeServices } from '../libs/jamsocket/src/edge/edge-part.js';
import {
  describeLink,
  MAX_BUFFERED_BYTES,
  type OpenLink,
} from '../libs/jamsocket/src/outbox/conformance/link-suite.js';
import { encoded } from '../libs/jamsocket/src/outbox/conformance/frames.js';
import { MemoryLink } from '../libs/jamsocket/src/outbox/conformance/memory-link.js';
import { RecordingSink } from '../libs/jamsocket/src/outbox/conformance/recording-sink.js';
import { ImmediateOutbox } from '../libs/jamsocket/src/outbox/immediate-outbox.js';
import { ClusterOutbox } from '../libs/jamsocket/src/owner/cluster-outbox.js';
import { OwnerPart, type OwnerServices } from '../libs/jamsocket/src/owner/owner-part.js';
import type { RemoteLink } from '../libs/jamsocket/src/owner/remote-link.js';
import { messageOf, TO_OWNER } from '../libs/jamsocket/src/peers/messages.js';
import { encodeNote } from '../libs/jamsocket/src/peers/moving.js';
import type { PeerPart } from '../libs/jamsocket/src/peers/peer.js';

interface Part extends PeerPart {
  sendGathered?(): void;
}

/** One end of the link between two nodes. The messages of a tick arrive together, in the next tick. */
function linkFrom(own: () => Part, other: () => Part, now: () => number, arrived = (): void => undefined): PeerLink {
  let waiting: Buffer[] = [];
  const flush = () => {
    own().sendGathered?.();
    const messages = waiting;
    waiting = [];
    for (const message of messages) other().received(Buffer.from(message));
    arrived();
  };
  const link: Partial<PeerLink> = {
    send: (message) => void (waiting.push(message) === 1 && setImmediate(flush)),
    flushSoon: () => void setImmediate(flush),
    isBehind: false,
  };
  return Object.defineProperty(link, 'heardAt', { get: now }) as PeerLink;
}

/** A client whose socket is at the edge, and its link at the owner of its room. */
function openOverNodes(): OpenLink {
  const sink = new RecordingSink();
  let now = 0;
  let link!: RemoteLink;
  const parts: { edge: Part; owner: Part } = { edge: undefined!, owner: undefined! };
  /** As the edge does it ten times a second. */
  const report = () => channel.room?.report(channel);
  const toOwner = linkFrom(
    () => parts.edge,
    () => parts.owner,
    () => now,
  );
  const toEdge = linkFrom(
    () => parts.owner,
    () => parts.edge,
    () => now,
    report,
  );
  const clock = { now: () => now, setTimeout: () => null, clearTimeout: () => undefined };
  const createOutbox: EdgeServices['createOutbox'] = (_coalesce, dropMember) => new ImmediateOutbox(dropMember);
  const edge = new EdgePart(toOwner, { clock: clock as never, createOutbox }, { moved: () => undefined });
  const followers: OwnerServices['followers'] = {
    follow: (_edge, _note, open) => {
      link = open(sink as never);
      return true;
    },
  };
  const owner = new OwnerPart(toEdge, { followers, now: () => now } as OwnerServices);
  Object.assign(parts, { edge, owner });

  const channel = edge.open({ options: { coalesce: false } } as never, {} as never);
  const socket = new MemoryLink(channel, MAX_BUFFERED_BYTES, () => now);
  channel.connection = socket;
  const note = { service: 'chat', key: 'one', seat: 0, arrival: undefined };
  owner.received(messageOf(TO_OWNER.follow, channel.number, encodeNote(note)));
  new ClusterOutbox(new ImmediateOutbox(() => undefined)).join(link);
  return {
    link,
    sink,
    isElsewhere: true,
    setNow: (ms) => (now = ms),
    peer: {
      get messages() {
        return socket.messages;
      },
      sends: (text) => socket.peerSends(text),
      stopsReading: () => socket.stopReading(),
      startsReading: () => {
        socket.startReading();
        report();
      },
      closes: (code, reason) => socket.peerCloses(code, reason),
      vanishes: () => socket.peerVanishes(),
      breaksProtocol: () => socket.peerBreaksProtocol(),
    },
  };
}

describeLink('the connection of a client on another node', openOverNodes);

describe('the connection of a client on another node', () => {
  it('ends as dropped if more waits there than may', async () => {
    const { link, sink, peer } = openOverNodes();
    peer.stopsReading();
    const bytes = encoded('x'.repeat(60_000));
    for (let n = 0; n * bytes.length <= MAX_BUFFERED_BYTES; n++) expect(link.write(bytes)).toBe(true);
    while (sink.told.length < 2) await tick();
    expect(sink.told).toEqual(['dropped', 'closed 1013 too far behind']);
    peer.startsReading();
    await link.ended;
    expect(peer.messages).toEqual(['close 1013 too far behind']);
  });
});
