import { describe, expect, it } from '@jest/globals';
import { AddressCounts, addressKey } from './address-counts.js';

describe('the key that addresses are counted by', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::FFFF:203.0.113.7', '203.0.113.7'],
    ['::ffff:cb00:7107', '203.0.113.7'],
    ['0:0:0:0:0:ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:db8:1:2:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64'],
    ['2001:DB8:0001:2:0:0:0:9', '2001:db8:1:2::/64'],
    ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:0:0:1::', '2001:db8:0:0::/64'],
    ['64:ff9b::203.0.113.7', '64:ff9b:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['', ''],
  ])('of %s is %s', (ip, key) => {
    expect(addressKey(ip)).toBe(key);
  });
});

it('counts a network as one address, and gives back what it counted', () => {
  const counts = new AddressCounts();
  for (const ip of ['2001:db8::1', '2001:db8::2', '::ffff:192.0.2.1']) counts.add(ip);
  expect([counts.of('2001:db8::3'), counts.of('192.0.2.1'), counts.total]).toEqual([2, 1, 3]);
  for (const ip of ['2001:db8::2', '2001:db8::1', '192.0.2.1']) counts.remove(ip);
  expect([counts.of('2001:db8::3'), counts.of('192.0.2.1'), counts.total]).toEqual([0, 0, 0]);
});
