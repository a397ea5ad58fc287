import { TestClient as Client, type ConnectRefusedError } from 'nestjs-jamsocket/testing';
import type { ClientOptions } from 'ws';

/** Long, since specs run in parallel on slow machines, too. */
const PATIENCE_MS = 3_000;

/** The test kit's client, with the options of `ws` itself. */
export type TestClient = Client;
export const TestClient = {
  connect: (url: string, ws: ClientOptions = {}, protocols: string[] = []): Promise<TestClient> =>
    Client.connect(url, '', { ws, protocols, patienceMs: PATIENCE_MS }),

  /** Expects the upgrade to be refused, and resolves with the HTTP answer. */
  refused: (url: string, ws: ClientOptions = {}): Promise<ConnectRefusedError> =>
    Client.refused(url, '', { ws, patienceMs: PATIENCE_MS }),
};
