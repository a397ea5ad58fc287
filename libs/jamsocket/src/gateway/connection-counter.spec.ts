import { describe, expect, it } from '@jest/globals';
import { SystemClock } from '../base/sources.js';
import { AddressCounts } from '../base/address-counts.js';
import { ConnectionCounter } from './connection-counter.js';

describe('counting connects by address', () => {
  function counter() {
    const clock = new SystemClock();
    let time = 0;
    clock.now = () => time;
    const limits = {
      maxConnections: Infinity,
      maxConnectionsPerIp: Infinity,
      connectsPerSecondPerIp: { rate: 1, burst: 2 },
    };
    const counting = new ConnectionCounter(limits, clock, new AddressCounts());
    return { connect: (ip: string) => counting.countConnect(ip), advance: (ms: number) => (time += ms) };
  }

  it('forgets addresses without recent connects: a million of them fill no memory', () => {
    const { connect, advance } = counter();
    globalThis.gc!();
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < 1_000_000; n++) {
      if (n % 10_000 === 0) advance(3_000);
      connect(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`);
    }
    globalThis.gc!();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(16 * 1024 * 1024);
    connect('10.0.0.1');
  });

  it('counts the addresses of one IPv6 network as one, and both ways to write an IPv4 address', () => {
    const { connect } = counter();
    connect('2001:db8::1');
    connect('2001:db8::2');
    expect(() => connect('2001:db8::3')).toThrow('Too many connects');
    connect('2001:db8:0:1::3');
    connect('192.0.2.1');
    connect('::ffff:192.0.2.1');
    expect(() => connect('192.0.2.1')).toThrow('Too many connects');
  });

  it('never forgets an address whose burst is used up, however many others come', () => {
    const { connect } = counter();
    connect('192.0.2.1');
    connect('192.0.2.1');
    for (let n = 0; n < 50_000; n++) connect(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`);
    expect(() => connect('192.0.2.1')).toThrow('Too many connects');
  });
});
