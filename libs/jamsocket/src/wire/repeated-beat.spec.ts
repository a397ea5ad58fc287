import { describe, expect, it } from '@jest/globals';
import { pong } from '../base/protocol.js';
import { answers, asking } from './repeated-beat.js';

const BEAT = '{"jamsocket":"kq1B7vGd0cQ0m0m5dV9XyA","handled":96}';

describe('a beat that is repeated', () => {
  it('can ask for an answer', () => {
    expect(JSON.parse(asking(BEAT))).toEqual({ jamsocket: 'kq1B7vGd0cQ0m0m5dV9XyA', handled: 96, ping: true });
  });

  it('is answered by the pong with its token only', () => {
    expect(answers(pong('kq1B7vGd0cQ0m0m5dV9XyA'), BEAT)).toBe(true);
    const others = [
      pong('kq1B7vGd0cQ0m0m5dV9XyB'),
      pong('kq1B7vGd0cQ0m0m5dV9Xy'),
      pong(''),
      '{"jamsocket":"kq1B7vGd0cQ0m0m5dV9XyA"}',
      '{"jamsocket":"kq1B7vGd0cQ0m0m5dV9XyA","pong":true} ',
      '{"jamsocket","pong":true}',
      '{,"pong":true}',
      ',"pong":true}',
      BEAT,
      'hello',
      '',
    ];
    for (const text of others) expect(answers(text, BEAT)).toBe(false);
  });
});
