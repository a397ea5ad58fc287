import { Room, Server } from '@colyseus/core';
import { MapSchema, Schema, type } from '@colyseus/schema';
import { WebSocketTransport } from '@colyseus/ws-transport';

class Player extends Schema {
  @type('number') x = 0;
  @type('number') y = 0;
}

class State extends Schema {
  @type({ map: Player }) players = new MapSchema<Player>();
}

class Board extends Room<State> {
  override maxClients = 10_000;
  override state = new State();
  override patchRate = Number(process.env.EVERY_MS);

  override onCreate() {
    this.onMessage('m', ({ sessionId }, { x, y }: { x: number; y: number }) => {
      const player = this.state.players.get(sessionId);
      if (player === undefined) return void this.state.players.set(sessionId, new Player({ x, y }));
      player.x = x;
      player.y = y;
    });
  }
}

const server = new Server({ transport: new WebSocketTransport(), greet: false });
server.define('board', Board).filterBy(['channel']);
await server.listen(Number(process.env.PORT), '127.0.0.1');
process.stdout.write('ready\n');
