import { beforeEach, describe, expect, it } from '@jest/globals';
import type { IncomingMessage } from 'node:http';
import type { Connection } from '../connection/connection.js';
import { Frame } from '../connection/frame.js';
import type { Outbox } from '../connection/outbox.js';
import { SystemClock, SystemRandom } from '../jamsocket.sources.js';
import { AddressCounts } from './address-counts.js';
import { ClientRequest } from './client-request.js';
import { Client } from './client.js';
import { Members } from './members.js';
import { Resumption } from './resumption.js';
import type { RoomEvent } from './room-event.js';
import type { ObservedRoom } from './sent-message.js';

class FakeConnection {
  isStuck = false;
  keepsVolatile = false;
  timesAsked = 0;
  readonly calls: string[] = [];

  pause(): void {
    this.calls.push('pause');
  }

  resume(): void {
    this.calls.push('resume');
  }

  get isBehind(): boolean {
    this.timesAsked++;
    return this.isStuck;
  }
}

/** Keeps whom each volatile broadcast was not for. */
class FakeOutbox {
  readonly excluded: (readonly Connection[])[] = [];
  join(): void {}
  leave(): void {}
  send(): void {}
  sendTo(): void {}
  broadcast({ isVolatile }: Frame): void {
    if (isVolatile) this.excluded.push([]);
  }
  broadcastExcept(_frame: Frame, excluded: readonly Connection[]): void {
    this.excluded.push(excluded);
  }
}

describe('the members of a room', () => {
  let outbox: FakeOutbox;
  let members: Members;

  beforeEach(() => {
    outbox = new FakeOutbox();
    const createResumption = () =>
      new Resumption(
        0,
        null,
        outbox as unknown as Outbox,
        new SystemClock(),
        new SystemRandom(),
        new AddressCounts(),
        () => undefined,
      );
    members = new Members(outbox as unknown as Outbox, createResumption, { observer: null } as unknown as ObservedRoom);
  });

  function add(url = '/ws/room', isResumable = false) {
    const request = new ClientRequest({ url, rawHeaders: [] } as unknown as IncomingMessage, '127.0.0.1');
    const client = new Client(request, { key: 'room', roomId: 'room', params: {} });
    client.isResumable = isResumable;
    const connection = new FakeConnection();
    members.add(client, connection as unknown as Connection);
    members.enter(client);
    return { client, connection };
  }

  function broadcastVolatile() {
    members.broadcast(Frame.text('cursor', true));
    return outbox.excluded.at(-1);
  }

  it('go without a volatile message while they are behind, and nobody else is asked', () => {
    const all = Array.from({ length: 100 }, () => add('/ws/room', true));
    const [{ client, connection }] = all;
    expect(broadcastVolatile()).toEqual([]);
    connection.isStuck = true;
    members.fellBehind(client);
    expect(broadcastVolatile()).toEqual([connection]);
    connection.isStuck = false;
    expect(broadcastVolatile()).toEqual([]);
    expect(all.slice(1).map(({ connection: { timesAsked } }) => timesAsked)).toEqual(Array(99).fill(0));
  });

  it('are not gone through to see whether an id that comes back is taken', () => {
    const { client } = add('/ws/room?token=secret');
    const { clients } = members;
    clients.values = () => {
      throw new Error('Everyone was gone through.');
    };
    expect(add('/ws/room?token=secret').client.id).toBe(2);
    members.clients.delete(client.id);
    expect(add('/ws/room?token=secret').client.id).toBe(1);
  });

  describe('that are held up', () => {
    /** With room for so many events. */
    function mailbox(room: number) {
      const posted: string[] = [];
      return {
        posted,
        get isFull() {
          return posted.length >= room;
        },
        post(event: RoomEvent) {
          if (event.type === 'text') posted.push(event.text);
          return this.isFull;
        },
      };
    }

    const say = (client: Client, text: string) => members.hold({ type: 'text', client, text });

    it('have what they sent handed on in its order, as much as the mailbox has room for', () => {
      const [a, b] = [add(), add()];
      for (const { client } of [a, b]) members.holdUp(client);
      for (const text of ['a1', 'a2', 'a3']) say(a.client, text);
      say(b.client, 'b1');
      const narrow = mailbox(2);
      members.release(narrow);
      expect(narrow.posted).toEqual(['a1', 'a2']);
      say(a.client, 'a4');
      const wide = mailbox(10);
      members.release(wide);
      expect(wide.posted).toEqual(['a3', 'a4', 'b1']);
      expect([a.client.held, b.client.held]).toEqual([null, null]);
      expect(a.connection.calls).toEqual(['resume']);
    });

    it.each([
      ['long', 'x'.repeat(1_000), 32],
      ['empty', '', 656],
    ])('are read on until 64 KiB of %s messages wait', (_what, text, messages) => {
      const { client, connection } = add();
      members.holdUp(client);
      for (let n = 1; n < messages; n++) say(client, text);
      expect(connection.calls).toEqual([]);
      say(client, text);
      expect(connection.calls).toEqual(['pause']);
    });

    it('are held up again by what is read behind it', () => {
      const { client, connection } = add();
      members.holdUp(client);
      const full = mailbox(1);
      connection.resume = () => {
        connection.calls.push('resume');
        full.posted.push('read');
        members.holdUp(client);
      };
      members.release(full);
      expect(connection.calls).toEqual(['resume']);
      expect(client.held).not.toBeNull();
    });

    it('leave with what they sent', () => {
      const { client } = add();
      members.holdUp(client);
      say(client, 'last');
      expect(members.remove(client)).toEqual([{ type: 'text', client, text: 'last' }]);
      const empty = mailbox(10);
      members.release(empty);
      expect(empty.posted).toEqual([]);
    });
  });
});
