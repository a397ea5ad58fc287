import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { SystemClock } from '../base/sources.js';
import { AddressCounts } from '../base/limits/address-counts.js';
import type { SharedCounts, Wanted } from '../base/limits/shared-counts.js';
import { ConnectionCounter } from './connection-counter.js';
import { MachineCounter } from './machine-counter.js';

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

describe('counting connections for the machine', () => {
  /** Answers in the next tick, as another process does. */
  class Counts implements SharedCounts {
    readonly total = new Map<string, number>();
    async add(wanted: readonly Wanted[]) {
      const full = wanted.find(({ name, max = Infinity }) => (this.total.get(name) ?? 0) >= max);
      if (full === undefined) for (const { name } of wanted) this.total.set(name, (this.total.get(name) ?? 0) + 1);
      return full;
    }
    remove(names: readonly string[]) {
      for (const name of names) this.total.set(name, this.total.get(name)! - 1);
    }
    async take() {
      return false;
    }
  }
  const limits = { maxConnections: 2, maxConnectionsPerIp: 1, connectsPerSecondPerIp: { rate: 0.5, burst: 1 } };
  const counts = new Counts();
  const counter = new MachineCounter(limits, counts);

  it('says which limit refuses, and lets clients resume that are counted already', async () => {
    const sockets = Array.from({ length: 3 }, () => new PassThrough());
    await counter.countConnection(sockets[0], '10.0.0.1', false);
    await expect(counter.countConnection(sockets[1], '10.0.0.1', false)).rejects.toMatchObject({
      code: 'too_many_connections',
    });
    await counter.countConnection(sockets[1], '10.0.0.2', false);
    await expect(counter.countConnection(sockets[2], '10.0.0.3', false)).rejects.toMatchObject({ code: 'server_full' });
    await counter.countConnection(sockets[2], '10.0.0.1', true);
    expect([...counts.total.values()]).toEqual([3, 2, 1]);
    for (const socket of sockets) socket.destroy();
    await Promise.all(sockets.map((socket) => once(socket, 'close')));
    expect([...counts.total.values()]).toEqual([0, 0, 0]);
    await expect(counter.countConnect('10.0.0.1')).rejects.toMatchObject({
      code: 'too_many_connects',
      headers: { 'Retry-After': '2' },
    });
  });

  it('counts no socket that has closed meanwhile', async () => {
    const socket = new PassThrough();
    const counting = counter.countConnection(socket, '10.0.0.1', false);
    socket.destroy();
    await Promise.all([counting, once(socket, 'close')]);
    expect(counts.total.get('connections')).toBe(0);
    const gone = new PassThrough().destroy();
    await once(gone, 'close');
    await counter.countConnection(gone, '10.0.0.1', false);
    expect(counts.total.get('connections')).toBe(0);
  });
});
