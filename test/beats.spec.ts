import { describe, expect, it } from '@jest/globals';
import { JamsocketService, OnDisconnect, OnMessage, type Client } from 'nestjs-jamsocket';
import { createTestRoom, useLeakGuard, type RoomClient, type TestRoom } from 'nestjs-jamsocket/testing';

useLeakGuard();

const MINUTE = 60_000;

@JamsocketService()
class QuietRoom {
  readonly log: string[] = [];

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
  /** Pings and control frames from the server, and pongs of either kind from the client. */
  frames: number;
  pings: number;
  /** The last control frame from the server. */
  last: string;
  isAnswering: boolean;
}

async function join(room: TestRoom<QuietRoom>, { confirms = true } = {}): Promise<Peer> {
  const client = await room.connect({ protocols: ['jamsocket.v1'] });
  const { jamsocket: token, beatMs } = await client.nextJson<{ jamsocket: string; beatMs: number }>();
  expect(beatMs).toBe(8_500);
  if (confirms) client.send(`{"jamsocket":"${token}"}`);
  const peer: Peer = { client, token, frames: 0, pings: 0, last: '', isAnswering: true };
  client.socket.on('ping', () => {
    peer.pings++;
    peer.frames += 2;
  });
  client.socket.on('message', (data: Buffer) => {
    const text = data.toString();
    expect(text).toMatch(new RegExp(`^\\{"jamsocket":"${token}","handled":\\d+(,"ping":true)?\\}$`));
    peer.frames++;
    peer.last = text;
    if (!peer.isAnswering || !text.includes('ping')) return;
    peer.frames++;
    client.send(`{"jamsocket":"${token}","pong":true}`);
  });
  return peer;
}

describe('The beats of jamsocket.v1', () => {
  it('cost an idle connection no more frames than pings would, and nothing else sees them', async () => {
    const room = await createTestRoom(QuietRoom);
    const [peer, plain] = [await join(room), await room.connect()];
    let pings = 0;
    plain.socket.on('ping', () => pings++);
    peer.client.send('before');
    await room.advance(10 * MINUTE);
    expect(peer.pings).toBe(0);
    expect(pings).toBeGreaterThanOrEqual(59);
    expect(peer.frames).toBeLessThanOrEqual(2 * pings + 2);
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
    for (let count = 1; count <= 3; count++) {
      await room.advance(5 * MINUTE);
      expect(peer.last).toContain(`"handled":${count - 1}`);
      peer.client.send(count === 2 ? '{"jamsocket":"other","pong":true}' : `message ${count}`);
      await room.advance(MINUTE);
      expect(peer.last).toContain(`"handled":${count}`);
    }
    expect(room.service.log).toEqual(['1: message 1', '1: {"jamsocket":"other","pong":true}', '1: message 3']);
    expect(peer.pings).toBe(0);
    await room.close();
  });

  it('that nobody answers are followed by pings: the page may be frozen', async () => {
    const room = await createTestRoom(QuietRoom);
    const peer = await join(room);
    peer.isAnswering = false;
    await room.advance(5 * MINUTE);
    expect(peer.pings).toBeGreaterThan(10);
    expect(peer.client.isClosed).toBe(false);
    await room.close();
  });

  it('do not come before the welcome is confirmed', async () => {
    const room = await createTestRoom(QuietRoom);
    const peer = await join(room, { confirms: false });
    await room.advance(MINUTE);
    expect([peer.frames, peer.pings]).toEqual([12, 6]);
    await room.close();
  });
});
