import { describe, expect, it } from '@jest/globals';
import { Broadcast, JamsocketContext, JamsocketService, OnDisconnect, OnMessage, type Client } from 'nestjs-jamsocket';
import { createTestRoom, useLeakGuard, type RoomClient, type TestRoom } from 'nestjs-jamsocket/testing';

useLeakGuard();

const MINUTE = 60_000;

@JamsocketService()
class QuietRoom {
  readonly log: string[] = [];

  constructor(readonly ctx: JamsocketContext) {}

  @OnMessage()
  message({ id }: Client, text: string) {
    this.log.push(`${id}: ${text}`);
  }

  @OnDisconnect()
  disconnect({ id }: Client) {
    this.log.push(`disconnect ${id}`);
  }
}

interface Peer {
  readonly client: RoomClient;
  readonly token: string;
  /** What came from the server and is not a message of the room: `beat`, `ping`, or a control frame without its token. */
  readonly heard: string[];
}

const count = ({ heard }: Peer, what: string): number => heard.filter((one) => one === what).length;

/** @param confirmation the rest of the client's confirmation; `null` for none */
async function join(room: TestRoom<QuietRoom>, confirmation: string | null = ',"uncounted":true'): Promise<Peer> {
  const client = await room.connect({ protocols: ['jamsocket.v1'] });
  const { jamsocket: token, beatMs } = await client.nextJson<{ jamsocket: string; beatMs: number }>();
  expect(beatMs).toBe(9_000);
  if (confirmation !== null) client.send(`{"jamsocket":"${token}"${confirmation}}`);
  const peer: Peer = { client, token, heard: [] };
  client.socket.on('ping', () => peer.heard.push('ping'));
  client.socket.on('message', (data: Buffer) =>
    peer.heard.push(data.toString().replace(`{"jamsocket":"${token}",`, '{') || 'beat'),
  );
  return peer;
}

describe('The beats of jamsocket.v1', () => {
  it('cost an idle connection less than pings would, in packets and bytes, and nothing else sees them', async () => {
    const room = await createTestRoom(QuietRoom);
    const [peer, plain] = [await join(room), await room.connect()];
    let pings = 0;
    plain.socket.on('ping', () => pings++);
    peer.client.send('before');
    await room.advance(MINUTE);
    peer.heard.length = pings = 0;
    await room.advance(10 * MINUTE);
    expect(pings).toBeGreaterThanOrEqual(59);
    expect(peer.heard.length).toBe(count(peer, 'beat') + count(peer, 'ping'));
    // A ping leaves with a beat. Its answer is a packet of its own.
    expect(count(peer, 'beat') + count(peer, 'ping')).toBeLessThanOrEqual(0.85 * 2 * pings);
    // A ping or a beat has two bytes, a pong six.
    expect(2 * count(peer, 'beat') + 8 * count(peer, 'ping')).toBeLessThanOrEqual(0.85 * 8 * pings);
    expect(room.service.log).toEqual(['1: before']);
    peer.client.socket.terminate();
    await peer.client.closed;
    const again = await room.connect({ protocols: ['jamsocket.v1', `jamsocket.resume.${peer.token}.0`] });
    expect(await again.nextJson()).toMatchObject({ resumed: true, received: 1, handled: 1 });
    await room.close();
  });

  it('tell an idle client that speaks again what has been handled, and pass its messages on', async () => {
    const room = await createTestRoom(QuietRoom);
    const peer = await join(room);
    for (let handled = 1; handled <= 3; handled++) {
      peer.client.send(`message ${handled}`);
      await room.advance(MINUTE);
      expect(peer.heard.filter((one) => one.includes('handled')).at(-1)).toBe(`{"handled":${handled},"beats":true}`);
      await room.advance(5 * MINUTE);
      expect(peer.heard.at(-1)).toMatch(/beat|ping/);
    }
    expect(room.service.log).toEqual(['1: message 1', '1: message 2', '1: message 3']);
    await room.close();
  });

  it('are told from an empty message of the room by what precedes it', async () => {
    const room = await createTestRoom(QuietRoom);
    const peer = await join(room);
    for (const first of ['', 'full']) {
      await room.advance(MINUTE);
      expect(peer.heard.at(-1)).toMatch(/beat|ping/);
      peer.heard.length = 0;
      room.service.ctx.sendMessage(Broadcast, first);
      room.service.ctx.sendMessage(Broadcast, '');
      await room.settle();
      // The helper of this spec takes every empty text for a beat.
      expect(peer.heard).toEqual(first === '' ? ['{"handled":0}', 'beat', 'beat'] : ['full', 'beat']);
      peer.heard.length = 0;
      await room.advance(9_500);
      expect(peer.heard[0]).toBe('{"handled":0,"beats":true}');
    }
    await room.close();
  });

  it('are acknowledgements for clients that do not know empty ones', async () => {
    const room = await createTestRoom(QuietRoom);
    const peer = await join(room, '');
    await room.advance(10 * MINUTE);
    expect(new Set(peer.heard)).toEqual(new Set(['{"handled":0}', 'ping']));
    expect(peer.client.isClosed).toBe(false);
    await room.close();
  });

  it('do not come before the welcome is confirmed', async () => {
    const room = await createTestRoom(QuietRoom);
    const peer = await join(room, null);
    await room.advance(MINUTE);
    expect(peer.heard).toEqual(['ping', 'ping', 'ping', 'ping', 'ping', 'ping']);
    await room.close();
  });
});
