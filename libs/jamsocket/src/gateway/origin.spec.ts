import { describe, expect, it } from '@jest/globals';
import type { IncomingMessage } from 'node:http';
import type { Origins } from '../options/options.js';
import { checkOrigin } from './origin.js';

interface Given {
  readonly host?: string;
  readonly url?: string;
  readonly isEncrypted?: boolean;
  readonly proto?: string;
}

/** Node gives header bytes as Latin-1. */
const bytes = (text: string) => Buffer.from(text).toString('latin1');

function isAllowed(origin: string, given: Given, origins: Origins = 'same-host', proxies = 0): boolean {
  const request = {
    url: given.url ?? '/ws/lobby',
    headers: {
      origin,
      ...(given.host !== undefined && { host: given.host }),
      ...(given.proto !== undefined && { 'x-forwarded-proto': given.proto }),
    },
    socket: given.isEncrypted ? { encrypted: true } : {},
  } as unknown as IncomingMessage;
  try {
    void checkOrigin(request, origins, proxies);
    return true;
  } catch (error) {
    expect(error).toMatchObject({ status: 403, code: 'origin' });
    return false;
  }
}

describe('a page of the same host', () => {
  it.each([
    ['https://app.example.com', 'app.example.com'],
    ['https://app.example.com', 'app.example.com:443'],
    ['http://app.example.com', 'app.example.com:80'],
    ['http://app.example.com:80', 'app.example.com'],
    ['https://app.example.com:8443', 'app.example.com:8443'],
    ['https://app.example.com', 'App.Example.COM'],
    ['HTTPS://App.example.com', 'app.example.com'],
    ['https://app.example.com', 'app.example.com.'],
    ['https://app.example.com.', 'app.example.com:443'],
    ['https://xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['https://xn--bcher-kva.example', bytes('bücher.example')],
    ['https://xn--bcher-kva.example', 'b\u00fccher.example'],
    [bytes('https://bücher.example'), 'XN--bcher-kva.example:443'],
    ['http://[::1]:3000', '[0:0::1]:3000'],
    ['http://127.0.0.1:3000', '127.0.0.1:3000'],
  ])('%s may connect to the host %s', (origin, host) => {
    expect(isAllowed(origin, { host })).toBe(true);
  });

  it.each([
    ['https://evil.example', 'app.example.com'],
    ['https://app.example.com.evil.example', 'app.example.com'],
    ['https://app.example.com:8443', 'app.example.com'],
    ['https://app.example.com', 'app.example.com:80'],
    ['http://app.example.com', 'app.example.com:443'],
    ['https://app.example.com', 'evil.example@app.example.com'],
    ['https://app.example.com', 'app.example.com/evil.example'],
    ['https://app.example.com', 'app.example.com, evil.example'],
    ['https://app.example.com', ''],
    ['chrome-extension://app.example.com', 'app.example.com'],
    ['ws://app.example.com', 'app.example.com'],
    ['null', 'null'],
    ['null', ''],
    ['', ''],
    ['app.example.com', 'app.example.com'],
  ])('%s may not connect to the host %p', (origin, host) => {
    expect(isAllowed(origin, { host })).toBe(false);
  });

  it.each(['null', '', 'https://app.example.com', 'undefined'])(
    '%p may not connect where there is no host',
    (origin) => {
      expect(isAllowed(origin, {})).toBe(false);
    },
  );

  it('is compared with the host of the request line, where that has one', () => {
    const url = 'http://app.example.com/ws/lobby';
    expect(isAllowed('http://app.example.com', { url, host: 'other.example' })).toBe(true);
    expect(isAllowed('http://other.example', { url, host: 'other.example' })).toBe(false);
  });

  it('may not have come without TLS where the server is reached with it', () => {
    const host = 'app.example.com';
    const page = 'http://app.example.com';
    expect(isAllowed(page, { host, isEncrypted: true })).toBe(false);
    expect(isAllowed('https://app.example.com', { host, isEncrypted: true })).toBe(true);
    // A trusted proxy sends the scheme. An unknown proxy may have removed TLS without a header.
    for (const proto of ['https', 'wss', 'HTTPS', 'http, https', 'https,http']) {
      expect([proto, isAllowed(page, { host, proto }, 'same-host', 2)]).toEqual([proto, false]);
      expect(isAllowed(page, { host, proto }, 'same-host', 0)).toBe(true);
    }
    for (const proto of ['http', 'httpsx', 'https, http, http']) {
      expect([proto, isAllowed(page, { host, proto }, 'same-host', 2)]).toEqual([proto, true]);
    }
    expect(isAllowed('https://app.example.com', { host })).toBe(true);
  });
});

describe('a list of origins', () => {
  const origins = ['https://app.example.com', 'http://localhost:4200'];

  it.each([
    ['https://app.example.com', true],
    ['https://APP.example.com:443', true],
    ['https://app.example.com.', true],
    ['http://localhost:4200', true],
    ['http://app.example.com', false],
    ['http://localhost', false],
    ['https://app.example.com/', false],
    ['null', false],
    ['', false],
    ['https://', false],
  ])('%s: %p', (origin, expected) => {
    expect(isAllowed(origin, { host: 'api.example.com' }, origins)).toBe(expected);
  });
});
