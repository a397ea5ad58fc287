import { afterEach } from '@jest/globals';
import { joinRoom, type Room, type RoomOptions, type RoomState, type RoomStatus } from 'jamsocket-client';
import { WebSocket } from 'ws';
import { Arrivals, FakeServer, type FakeServerOptions } from './fake-server.js';

/** Retries at once. */
export const AT_ONCE = { random: () => 0 };

const opened: { close(): unknown }[] = [];

afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

export async function startServer(options?: FakeServerOptions): Promise<FakeServer> {
  const server = await FakeServer.start(options);
  opened.push(server);
  return server;
}

/** A room whose states can be waited for. */
export function join(
  url: string,
  options: RoomOptions = {},
): Room & { until: Until; untilText: () => Promise<string> } {
  const room = joinRoom(url, { WebSocket, backoff: AT_ONCE, ...options });
  opened.push(room);
  const states = new Arrivals<RoomState>('change of the status');
  room.onStatus((state) => states.add(state));
  const until = async (status: RoomStatus) => {
    for (;;) {
      const state = await states.next();
      if (state.status === status) return state;
    }
  };
  const texts = new Arrivals<string>('text');
  room.onText((text) => texts.add(text));
  return Object.assign(room, { until: until as Until, untilText: () => texts.next() });
}

type Until = <S extends RoomStatus>(status: S) => Promise<Extract<RoomState, { status: S }>>;
