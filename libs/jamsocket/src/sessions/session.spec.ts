import { describe, expect, it } from '@jest/globals';
import { Session } from './session.js';

describe('what a client of jamsocket.v1 is told of its messages', () => {
  const receive = (session: Session, count: number) => {
    for (let n = 0; n < count; n++) session.received++;
  };
  const drop = (session: Session, count: number) => {
    for (let n = 0; n < count; n++) {
      session.received++;
      session.skip();
    }
  };

  it('is how many have been handled, not how many were received', () => {
    const session = new Session('token');
    receive(session, 40);
    const isTime = Array.from({ length: 33 }, () => session.countHandled(1));
    expect(isTime.indexOf(true)).toBe(31);
    expect(session.acknowledge()).toBe('{"jamsocket":"token","handled":33}');
    expect([session.received, session.handled, session.hasUnacknowledged]).toEqual([40, 33, false]);
  });

  it('counts a dropped message once those before it have been handled, and keeps little of many', () => {
    const session = new Session('token');
    drop(session, 2);
    expect(session.handled).toBe(2);
    receive(session, 1);
    drop(session, 100_000);
    receive(session, 2);
    drop(session, 3);
    expect(session.handled).toBe(2);
    session.countHandled(1);
    expect(session.handled).toBe(100_003);
    session.countHandled(1);
    expect(session.handled).toBe(100_004);
    session.countHandled(1);
    expect(session.handled).toBe(session.received);
    drop(session, 1);
    expect(session.handled).toBe(session.received);
  });
});
