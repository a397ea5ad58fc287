import { describe, expect, it } from '@jest/globals';
import { RecordingSink } from '../outbox/conformance/recording-sink.js';
import { FORM } from '../peers/client-messages.js';
import type { EdgeNode } from './edge-node.js';
import { RemoteLink } from './remote-link.js';

describe('the link to a client of another node', () => {
  const END = { code: 1006, reason: '', hasFailed: false, isDropped: false };

  /** A client that joined at 1,000, sent its only message at 5,000, and whose connection ended at 60,000. */
  function ended(silentMs: number): RemoteLink {
    const edge = { time: 1_000, now: () => edge.time, heardAt: 5_000, send: () => undefined };
    const link = new RemoteLink(edge as unknown as EdgeNode, 1, new RecordingSink());
    link.received(FORM.ascii, Buffer.from('hello'));
    edge.time = 60_000;
    link.closedThere({ ...END, silentMs });
    return link;
  }

  it('knows from the other node when the client was last heard: pongs do not come here', () => {
    expect(ended(2_000).lastHeard).toBe(58_000);
    expect(ended(0).lastHeard).toBe(60_000);
  });

  it('knows only of messages if the other node is gone', () => {
    expect(ended(Infinity).lastHeard).toBe(5_000);
  });
});
