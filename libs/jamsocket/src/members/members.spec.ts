import { beforeEach, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { Frame } from '../wire/frame.js';
import type { Link } from '../outbox/link.js';
import type { Outbox, Outlet } from '../outbox/outbox.js';
import { SystemClock, SystemRandom } from '../base/sources.js';
import { AddressCounts } from '../base/limits/address-counts.js';
import { ClientRequest } from './client-request.js';
import { Client } from './client.js';
import { Members } from './members.js';
import { Resumption } from './resumption.js';
import type { ObservedRoom } from './sent-message.js';
import { runs } from '../../../../test/support/fuzz.js';

class FakeConnection {
  isStuck = false;
  keepsVolatile = false;
  timesAsked = 0;

  get isBehind(): boolean {
    this.timesAsked++;
    return this.isStuck;
  }
}

/** Keeps which clients each volatile broadcast has excluded. */
class FakeOutbox {
  readonly excluded: (readonly Link[])[] = [];
  readonly hasWaiting = false;
  join(link: Link): Outlet {
    return { link };
  }
  leave(): void {}
  send(): void {}
  sendTo(): void {}
  broadcast({ isVolatile }: Frame): void {
    if (isVolatile) this.excluded.push([]);
  }
  broadcastExcept(_frame: Frame, excluded: readonly Outlet[]): void {
    this.excluded.push(excluded.map(({ link }) => link));
  }
}

describe('the members of a room', () => {
  let outbox: FakeOutbox;
  let members: Members;

  beforeEach(beforeRun);

  function beforeRun() {
    outbox = new FakeOutbox();
    const createResumption = () =>
      new Resumption(
        0,
        {},
        null,
        outbox as unknown as Outbox,
        new SystemClock(),
        new SystemRandom(),
        new AddressCounts(),
        () => undefined,
      );
    members = new Members(outbox as unknown as Outbox, createResumption, { observer: null } as unknown as ObservedRoom);
  }

  function add(url = '/ws/room', isResumable = false) {
    const request = ClientRequest.restored(url, '127.0.0.1');
    const client = new Client(request, { key: 'room', roomId: 'room', params: {} });
    const connection = new FakeConnection();
    members.add(client, connection as unknown as Link, isResumable);
    members.enter(client);
    return { client, connection };
  }

  /** Tags set before the join, for example by a guard. */
  function join(tags: readonly string[]) {
    const request = ClientRequest.restored('/', '127.0.0.1');
    const client = new Client(request, { key: 'room', roomId: 'room', params: {} });
    client.tag(...tags);
    client.room = { members } as unknown as Client['room'];
    members.add(client, new FakeConnection() as unknown as Link, false);
    client.tag('joining');
    members.enter(client);
    return client;
  }

  function broadcastVolatile() {
    members.broadcast(Frame.text('cursor', true));
    return outbox.excluded.at(-1);
  }

  it('get no volatile message while they are behind, and no other client is checked', () => {
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

  const TAGS = ['red', 'blue', 'green'];
  const actions = fc.array(
    fc.record({
      do: fc.constantFrom('join' as const, 'tag' as const, 'untag' as const, 'leave' as const),
      who: fc.nat(4),
      tags: fc.uniqueArray(fc.constantFrom(...TAGS)),
    }),
    { maxLength: 30 },
  );

  it('with a tag are always those who have it and are here, whenever they were asked for first', () => {
    fc.assert(
      fc.property(actions, fc.nat(10), (all, askedFirst) => {
        beforeRun();
        const everyone: Client[] = [];
        for (const [number, { do: what, who, tags }] of all.entries()) {
          const client = everyone[who % Math.max(1, everyone.length)] as Client | undefined;
          if (what === 'join') everyone.push(join(tags));
          else if (client === undefined) continue;
          else if (what === 'leave') members.remove(client);
          else client[what](...tags);
          if (number < askedFirst) continue;
          for (const tag of TAGS) {
            const here = [...members.clients.values()].filter((one) => one.tags.has(tag));
            expect(new Set(members.withTag(tag))).toEqual(new Set(here));
          }
        }
      }),
      runs(200),
    );
  });

  it('are not gone through to find the few that have a tag', () => {
    const all = Array.from({ length: 100 }, () => join([]));
    all[7].tag('red');
    expect(members.withTag('red')).toEqual([all[7]]);
    members.clients.values = () => {
      throw new Error('Everyone was gone through.');
    };
    all[8].tag('red');
    expect(members.withTag('red')).toEqual([all[7], all[8]]);
    members.remove(all[7]);
    expect(members.withTag('red')).toEqual([all[8]]);
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
