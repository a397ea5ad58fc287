import { describe, expect, it } from '@jest/globals';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { ClientRequest } from './client-request.js';

/** The headers as Node itself parses them. */
function received(...rawHeaders: string[]): IncomingMessage {
  const message = new IncomingMessage(new Socket());
  message.url = '/ws/lobby';
  message.rawHeaders = rawHeaders;
  const add = Reflect.get(message, '_addHeaderLines') as (headers: string[], count: number) => void;
  add.call(message, rawHeaders, rawHeaders.length);
  return message;
}

describe("a client's request", () => {
  it('has the headers as Node has them, those that were sent twice too', () => {
    const names = [
      'Age Authorization Content-Length Content-Type Cookie ETag Expires From Host If-Modified-Since If-Unmodified-Since',
      'Last-Modified Location Max-Forwards Proxy-Authorization Referer Retry-After Server User-Agent Origin X-Forwarded-For',
      'Accept Accept-Language Sec-WebSocket-Key Sec-WebSocket-Protocol Upgrade X-Own __proto__ constructor',
    ].flatMap((line) => line.split(' '));
    const message = received(...names.flatMap((name) => [name, 'one', name.toUpperCase(), 'two', name, 'three']));
    const { headers } = new ClientRequest(message, '192.0.2.1');
    expect(Object.keys(headers)).toHaveLength(names.length);
    for (const [name, value] of Object.entries(message.headers)) expect([name, headers[name]]).toEqual([name, value]);
    expect([headers.cookie, headers.host, headers['x-own']]).toEqual(['one; two; three', 'one', 'one, two, three']);
    expect(Object.hasOwn(headers, '__proto__')).toBe(true);
  });

  it('parses headers and query once, and still knows the headers as they were sent', () => {
    const request = new ClientRequest(received('X-Own', 'one', 'x-own', 'two'), '');
    expect(request.headers).toBe(request.headers);
    expect(request.query).toBe(request.query);
    expect(request.get('X-Own')).toBe('one, two');
    expect(request.rawHeaders).toEqual(['X-Own', 'one', 'x-own', 'two']);
  });

  it.each([
    ['/ws/lobby?token=a', '/ws/lobby?token=a'],
    ['http://host/ws/lobby?token=a', '/ws/lobby?token=a'],
    ['WSS://user@host:80/ws/lobby', '/ws/lobby'],
    ['http://host', '/'],
    ['http://host?token=a', '/?token=a'],
  ])('%s has the path %s', (url, path) => {
    expect(new ClientRequest({ url, rawHeaders: [] } as unknown as IncomingMessage, '').url).toBe(path);
  });
});
