import { routePartykitRequest, Server, type Connection, type WSMessage } from 'partyserver';

export class Relay extends Server {
  override onMessage(_connection: Connection, message: WSMessage) {
    this.broadcast(message);
  }
}

export class Except extends Server {
  override onMessage(connection: Connection, message: WSMessage) {
    this.broadcast(message, [connection.id]);
  }
}

export class Echo extends Server {
  override onMessage(connection: Connection, message: WSMessage) {
    connection.send(message);
  }
}

export class Mixed extends Server {
  override onMessage(connection: Connection, message: WSMessage) {
    if (typeof message === 'string' && message.startsWith('d')) connection.send(message);
    else this.broadcast(message);
  }
}

export default {
  async fetch(request: Request, env: Cloudflare.Env) {
    return (await routePartykitRequest(request, env)) ?? new Response('rooms only', { status: 400 });
  },
};
