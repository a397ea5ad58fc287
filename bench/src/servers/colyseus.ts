import { Room, Server, type Client } from '@colyseus/core';
import { WebSocketTransport } from '@colyseus/ws-transport';

class Relay extends Room {
  override maxClients = 10_000;

  override onCreate() {
    this.onMessage('m', (_client, message: string) => this.broadcast('m', message));
  }
}

class Except extends Room {
  override maxClients = 10_000;

  override onCreate() {
    this.onMessage('m', (client: Client, message: string) => this.broadcast('m', message, { except: client }));
  }
}

class Echo extends Room {
  override maxClients = 10_000;

  override onCreate() {
    this.onMessage('m', (client: Client, message: string) => client.send('m', message));
  }
}

class Mixed extends Room {
  override maxClients = 10_000;

  override onCreate() {
    this.onMessage('m', (client: Client, message: string) => {
      if (message.startsWith('d')) client.send('m', message);
      else this.broadcast('m', message);
    });
  }
}

const server = new Server({ transport: new WebSocketTransport(), greet: false });
// "name" is the handler's: a filter by it is ignored with only a warning.
server.define('relay', Relay).filterBy(['channel']);
server.define('except', Except).filterBy(['channel']);
server.define('echo', Echo).filterBy(['channel']);
server.define('mixed', Mixed).filterBy(['channel']);

await server.listen(Number(process.env.PORT), '127.0.0.1');
process.stdout.write('ready\n');
