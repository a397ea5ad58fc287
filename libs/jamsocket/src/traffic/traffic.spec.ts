import { describe, expect, it } from '@jest/globals';
import { MessageCounts } from './traffic.js';

describe('the counts of messages', () => {
  it('begin at 0', () => {
    const { received, receivedBytes, sent, sentBytes } = new MessageCounts();
    expect([received, receivedBytes, sent, sentBytes]).toEqual([0, 0, 0, 0]);
  });

  it('count a message once for each recipient', () => {
    const counts = new MessageCounts();
    counts.countReceived(7);
    counts.countSent(7, 100);
    counts.countSent(9, 0);
    const { received, receivedBytes, sent, sentBytes } = counts;
    expect([received, receivedBytes, sent, sentBytes]).toEqual([1, 7, 100, 700]);
  });

  it('stay exact beyond 32 bits', () => {
    const counts = new MessageCounts();
    for (let n = 0; n < 3; n++) {
      counts.countReceived(2 ** 40 + 1);
      counts.countSent(2 ** 20 + 1, 2 ** 31);
    }
    const { receivedBytes, sent, sentBytes } = counts;
    expect([receivedBytes, sent, sentBytes]).toEqual([3 * (2 ** 40 + 1), 3 * 2 ** 31, 3 * 2 ** 31 * (2 ** 20 + 1)]);
  });
});
