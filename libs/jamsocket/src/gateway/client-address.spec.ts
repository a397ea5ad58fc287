import { describe, expect, it } from '@jest/globals';
import type { IncomingMessage } from 'node:http';
import { clientAddress } from './client-address.js';

const PEER = '10.0.0.9';
const requestWith = (forwarded?: string) =>
  ({
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
    socket: { remoteAddress: PEER },
  }) as unknown as IncomingMessage;

describe("a client's address", () => {
  it.each<[string | undefined, number, string]>([
    // No proxy is trusted: the header is ignored.
    ['1.2.3.4', 0, PEER],
    [undefined, 0, PEER],
    ['1.2.3.4', 1, '1.2.3.4'],
    // Entries further left came with the client's request.
    ['6.6.6.6, 1.2.3.4', 1, '1.2.3.4'],
    ['6.6.6.6, 1.2.3.4, 10.0.0.1', 2, '1.2.3.4'],
    ['6.6.6.6,1.2.3.4,10.0.0.1', 2, '1.2.3.4'],
    ['2001:db8::7', 1, '2001:db8::7'],
    // Some proxies add the port.
    ['203.0.113.7:51234', 1, '203.0.113.7'],
    ['6.6.6.6:1, 203.0.113.7:51234', 1, '203.0.113.7'],
    ['[2001:db8::7]:51234', 1, '2001:db8::7'],
    ['[2001:db8::7]', 1, '2001:db8::7'],
    // The request did not come through all proxies.
    ['1.2.3.4', 2, PEER],
    [undefined, 1, PEER],
    ['', 1, PEER],
    ['unknown', 1, PEER],
    ['1.2.3.4:', 1, PEER],
    ['1.2.3.4:x', 1, PEER],
    ['999.2.3.4:5678', 1, PEER],
    ['[1.2.3.4', 1, PEER],
    ['[evil]:5678', 1, PEER],
    ['1.2.3.4, <script>', 1, PEER],
  ])('with the header %p behind %i proxies is %s', (forwarded, proxies, address) => {
    expect(clientAddress(requestWith(forwarded), proxies)).toBe(address);
  });
});
