import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Link } from '../../outbox/link.js';
import { ClientRequest } from '../../members/client-request.js';
import { Client } from '../../members/client.js';
import { HeldUp } from './held-up.js';
import type { RoomEvent } from '../room-event.js';
import type { WaitingEvent } from '../../mailbox/waiting-event.js';

/** A mailbox with room for this many events. */
class NarrowMailbox {
  readonly posted: string[] = [];

  constructor(private readonly room: number) {}

  get isFull(): boolean {
    return this.posted.length >= this.room;
  }

  postWaiting({ event }: WaitingEvent<RoomEvent>): boolean {
    this.posted.push(event.type === 'text' ? event.text : event.type);
    return this.isFull;
  }
}

class FakeConnection {
  readonly calls: string[] = [];

  pause(): void {
    this.calls.push('pause');
  }

  resume(): void {
    this.calls.push('resume');
  }
}

describe('clients that are held up', () => {
  let heldUp: HeldUp;
  beforeEach(() => {
    heldUp = new HeldUp();
  });

  function add() {
    const request = ClientRequest.restored('/ws/room', '127.0.0.1');
    const client = new Client(request, { key: 'room', roomId: 'room', params: {} });
    const connection = new FakeConnection();
    client.connection = connection as unknown as Link;
    heldUp.add(client);
    const say = (...texts: string[]) => texts.forEach((text) => heldUp.hold({ type: 'text', client, text }));
    return { client, connection, say };
  }

  function handOn(room: number): string[] {
    const mailbox = new NarrowMailbox(room);
    heldUp.handOn(mailbox);
    return mailbox.posted;
  }

  it('have what they sent handed on in its order, one event of each in turn', () => {
    const [a, b] = [add(), add()];
    a.say('a1', 'a2', 'a3', 'a4');
    b.say('b1', 'b2');
    expect(handOn(10)).toEqual(['a1', 'b1', 'a2', 'b2', 'a3', 'a4']);
    expect([a.client.held, b.client.held]).toEqual([null, null]);
    expect([a.connection.calls, b.connection.calls]).toEqual([['resume'], ['resume']]);
  });

  it('have as much handed on as the mailbox has room for, and the next time the others come first', () => {
    const [a, b, c] = [add(), add(), add()];
    a.say('a1', 'a2', 'a3');
    b.say('b1');
    c.say('c1');
    expect(handOn(2)).toEqual(['a1', 'b1']);
    a.say('a4');
    expect(handOn(2)).toEqual(['c1', 'a2']);
    expect(handOn(10)).toEqual(['a3', 'a4']);
  });

  it('come behind the others when more is read of them at once', () => {
    const [a, b] = [add(), add()];
    a.say('a1');
    b.say('b1', 'b2');
    a.connection.resume = () => {
      heldUp.add(a.client);
      a.say('a2');
      a.connection.resume = () => undefined;
    };
    expect(handOn(10)).toEqual(['a1', 'b1', 'b2', 'a2']);
    expect(a.client.held).toBeNull();
  });

  it.each([
    ['long', 'x'.repeat(1_000), 30],
    ['empty', '', 328],
  ])('are read on until 64 KiB of %s messages wait', (_what, text, messages) => {
    const { connection, say } = add();
    for (let n = 1; n < messages; n++) say(text);
    expect(connection.calls).toEqual([]);
    say(text);
    expect(connection.calls).toEqual(['pause']);
  });

  it('leave behind what they sent, and once that is too much it can be told', () => {
    const { client, say } = add();
    say('last', 'words');
    const mailbox = new NarrowMailbox(0);
    heldUp.giveUp(client, mailbox);
    heldUp.giveUp(client, mailbox);
    expect(mailbox.posted).toEqual(['last', 'words']);
    expect(client.held).toBeNull();
    expect([heldUp.isSwamped(417), heldUp.isSwamped(418)]).toEqual([true, false]);
    expect(handOn(10)).toEqual([]);
    expect(heldUp.isSwamped(417)).toBe(false);
  });
});
