import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { expect, it } from '@jest/globals';
import { joinRoom, type RoomContract } from 'jamsocket-client';
import { io, type Socket } from 'socket.io-client';
import { WebSocket } from 'ws';
import { ChatRoom } from './support/migration/chat.room.js';
import { SocketIoChatGateway } from './support/migration/socket-io-chat.gateway.js';
import { WsChatGateway } from './support/migration/ws-chat.gateway.js';
import { startTestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

/** What two clients of the room hear when one of them says something, and what that one is answered. */
async function chatInRoom(ws: string) {
  type Chat = RoomContract<typeof ChatRoom>;
  const [ann, bob] = [1, 2].map(() => joinRoom<Chat>(`${ws}/ws/chat/lobby`, { WebSocket }));
  const heard = new Promise((resolve) => bob.on('said', resolve));
  await bob.opened;
  const answer = await ann.request('say', 'hello');
  const said = await heard;
  ann.close();
  bob.close();
  return { answer, said };
}

it('a gateway of ws and a room do the same, in one application', async () => {
  const { ws, close } = await startTestApp({
    providers: [WsChatGateway, ChatRoom],
    configure: (app) => app.useWebSocketAdapter(new WsAdapter(app)),
  });
  const [ann, bob, stranger] = await Promise.all(
    ['lobby', 'lobby', 'other'].map((room) => TestClient.connect(`${ws}/chat?room=${room}`)),
  );
  ann.emit('say', 'hello');
  expect(await bob.nextJson()).toEqual({ event: 'said', data: 'hello' });
  expect(await ann.nextJson()).toEqual({ event: 'said', data: 'hello' });
  expect(await ann.nextJson()).toEqual({ event: 'say', data: 'ok' });
  stranger.emit('say', 'alone');
  expect(await stranger.nextJson()).toEqual({ event: 'said', data: 'alone' });
  await Promise.all([ann, bob, stranger].map((client) => client.close()));

  expect(await chatInRoom(ws)).toEqual({ answer: 'ok', said: 'hello' });
  await close();
});

it('a gateway of socket.io and a room do the same, in one application', async () => {
  const { ws, http, close } = await startTestApp({
    providers: [SocketIoChatGateway, ChatRoom],
    configure: (app) => app.useWebSocketAdapter(new IoAdapter(app)),
  });
  const [ann, bob] = [1, 2].map(() => io(http, { query: { room: 'lobby' } }));
  const next = (socket: Socket, event: string) => new Promise((resolve) => socket.once(event, resolve));
  await Promise.all([ann, bob].map((socket) => next(socket, 'connect')));
  const heard = next(bob, 'said');
  expect(await ann.emitWithAck('say', 'hello')).toBe('ok');
  expect(await heard).toBe('hello');
  ann.close();
  bob.close();

  expect(await chatInRoom(ws)).toEqual({ answer: 'ok', said: 'hello' });
  await close();
});
