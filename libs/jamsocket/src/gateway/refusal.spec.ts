import { describe, expect, it } from '@jest/globals';
import { Duplex } from 'node:stream';
import { writeRefusal } from './refusal.js';

function answerTo(body: object): string {
  let written = '';
  const socket = new Duplex({
    read: () => undefined,
    write: (chunk, _encoding, done) => {
      written += String(chunk);
      done();
    },
  });
  writeRefusal(socket, { status: 403, code: 'guard', headers: {}, body });
  return written.slice(written.indexOf('\r\n\r\n') + 4);
}

describe('the answer to a refused upgrade', () => {
  it("has a guard's body", () => {
    expect(answerTo({ message: 'no' })).toBe('{"message":"no"}');
  });

  it.each([
    ['no JSON', { size: 1n }],
    ['too long for a client that may not read it', { message: 'x'.repeat(64 * 1024) }],
  ])('has a short one instead of what is %s', (_what, body) => {
    expect(answerTo(body)).toBe('{"statusCode":403,"code":"guard"}');
  });
});
