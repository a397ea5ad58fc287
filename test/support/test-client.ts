import { TestClient as Client, type ConnectRefusedError } from 'nestjs-jamsocket/testing';
import type { Socket } from 'node:net';
import type { ClientOptions } from 'ws';

/** Long, since specs run in parallel on slow machines, too. */
const PATIENCE_MS = 3_000;

/** The TCP socket of a client, to pause or cut it below the WebSocket. `ws` has no public way to it. */
export function tcpSocketOf(client: Client): Socket {
  return (client.socket as unknown as { readonly _socket: Socket })._socket;
}

/** The test kit's client, with the options of `ws` itself. */
export type TestClient = Client;
export const TestClient = {
  connect: (url: string, ws: ClientOptions = {}, protocols: string[] = []): Promise<TestClient> =>
    Client.connect(url, '', { ws, protocols, patienceMs: PATIENCE_MS }),

  /** Expects the upgrade to be refused, and resolves with the HTTP answer. */
  refused: (url: string, ws: ClientOptions = {}): Promise<ConnectRefusedError> =>
    Client.refused(url, '', { ws, patienceMs: PATIENCE_MS }),
};
