// Runs in a scratch app that has installed the packed library: it imports, a room answers, and the inspector's page is there.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import * as jamsocket from 'nestjs-jamsocket';
import { JamsocketInspectorModule } from 'nestjs-jamsocket/inspector';
import { WebSocket } from 'ws';

const PUBLIC_NAMES = [
  ...['JamsocketModule', 'JamsocketService', 'JamsocketContext', 'JamsocketRooms', 'Client'],
  ...['OnCreate', 'OnConnect', 'OnMessage', 'OnBinary', 'OnDisconnect', 'OnTimer', 'OnDestroy'],
  ...['Broadcast', 'everyoneExcept', 'tagged', 'RoomId', 'RoomContext', 'Ctx', 'RoomHandle'],
];
for (const name of PUBLIC_NAMES) assert.ok(name in jamsocket, `nestjs-jamsocket does not export ${name}`);
assert.match(import.meta.resolve('nestjs-jamsocket'), /node_modules\/nestjs-jamsocket\/dist\/index\.js$/);

class EchoRoom {
  message(client, text) {
    client.sendMessage(text);
  }
}
const { prototype } = EchoRoom;
jamsocket.OnMessage()(prototype, 'message', Object.getOwnPropertyDescriptor(prototype, 'message'));
jamsocket.JamsocketService()(EchoRoom);

class AppModule {}
const imports = [jamsocket.JamsocketModule.forRoot(), JamsocketInspectorModule.forRoot()];
Module({ imports, providers: [EchoRoom] })(AppModule);

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
await app.listen(0, '127.0.0.1');
const socket = new WebSocket(`${(await app.getUrl()).replace(/^http/, 'ws')}/ws/smoke`);
await once(socket, 'open');
socket.send('hello');
const [answer] = await once(socket, 'message');
assert.equal(answer.toString(), 'hello');
const inspector = `${await app.getUrl()}/inspector`;
const page = await (await fetch(inspector)).text();
const files = [...page.matchAll(/(?:src|href)="([^"]*\/assets\/[^"]+)"/g)].map(([, path]) => new URL(path, inspector));
assert.ok(files.length >= 2, 'the page has no script or style');
for (const file of files) assert.equal((await fetch(file)).status, 200, `the package lacks ${file.pathname}`);
const closed = once(socket, 'close');
await app.close();
assert.equal((await closed)[0], 1012);
