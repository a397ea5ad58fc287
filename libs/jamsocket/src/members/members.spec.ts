import { beforeEach, describe, expect, it } from '@jest/globals';
import type { IncomingMessage } from 'node:http';
import type { Connection } from '../wire/connection.js';
import { Frame } from '../wire/frame.js';
import type { Outbox } from '../outbox/outbox.js';
import { SystemClock, SystemRandom } from '../base/sources.js';
import { AddressCounts } from './address-counts.js';
import { ClientRequest } from './client-request.js';
import { Client } from './client.js';
import { Members } from './members.js';
import { Resumption } from './resumption.js';
import type { ObservedRoom } from './sent-message.js';

class FakeConnection {
  isStuck = false;
  keepsVolatile = false;
  timesAsked = 0;

  get isBehind(): boolean {
    this.timesAsked++;
    return this.isStuck;
  }
}

/** Keeps whom each volatile broadcast was not for. */
class FakeOutbox {
  readonly excluded: (readonly Connection[])[] = [];
  join(): void {}
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
    const { client } = add('/ws/room?clientKey=secret');
    const { clients } = members;
    clients.values = () => {
      throw new Error('Everyone was gone through.');
    };
    expect(add('/ws/room?clientKey=secret').client.id).toBe(2);
    members.clients.delete(client.id);
    expect(add('/ws/room?clientKey=secret').client.id).toBe(1);
  });
});
