import { Room, Server } from '@colyseus/core';
import { RedisDriver } from '@colyseus/redis-driver';
import { RedisPresence } from '@colyseus/redis-presence';
import { WebSocketTransport } from '@colyseus/ws-transport';

class Relay extends Room {
  override maxClients = 10_000;

  override onCreate() {
    this.onMessage('m', (_client, message: string) => this.broadcast('m', message));
  }
}

const port = Number(process.env.PORT);
const redis = process.env.REDIS_URL!;
const server = new Server({
  transport: new WebSocketTransport(),
  presence: new RedisPresence(redis),
  driver: new RedisDriver(redis),
  // A room is in one process, and clients connect to that one: matchmaking tells them its address.
  publicAddress: `127.0.0.1:${port}`,
  greet: false,
});
server.define('relay', Relay).filterBy(['channel']);

await server.listen(port, '127.0.0.1');
process.stdout.write('ready\n');
