import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';

interface Seat {
  readonly room: { readonly processId: string; readonly roomId: string; readonly publicAddress?: string };
  readonly sessionId: string;
}

/** Where a client finds its seat. */
export interface SeatAt {
  readonly path: string;
  /** Of the process that has the room. */
  readonly port: number;
}

const agent = new Agent({ keepAlive: true });

/** @returns the seat that Colyseus keeps free in the room */
export async function joinOrCreate(port: number, kind: string, channel: string): Promise<SeatAt> {
  const body = JSON.stringify({ channel });
  const path = `/matchmake/joinOrCreate/${kind}`;
  const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
  const post = request({ agent, port, host: '127.0.0.1', method: 'POST', path, headers });
  post.end(body);
  const [response] = (await once(post, 'response')) as [IncomingMessage];
  // Errors have status 200, too.
  const seat = (await json(response)) as Seat | { readonly error: string };
  if ('error' in seat) throw new Error(`no seat: ${seat.error}`);
  const { processId, roomId, publicAddress = `:${port}` } = seat.room;
  return {
    path: `/${processId}/${roomId}?sessionId=${seat.sessionId}`,
    port: Number(publicAddress.slice(publicAddress.lastIndexOf(':') + 1)),
  };
}
