import { Duplex } from 'node:stream';
import { WebSocket, type ServerOptions } from 'ws';
import { RoomSocket } from './room-socket.js';

/** Missing from the types of `ws`: how a `WebSocketServer` creates a socket after the handshake. */
type Construct = new (
  address: null,
  protocols: undefined,
  options: ServerOptions,
) => RoomSocket & { setSocket(socket: Duplex, head: Buffer, options: ServerOptions): void };

type Listener = (this: Duplex, chunk?: Buffer) => void;

const EMPTY = Buffer.alloc(0);
const EVENTS = ['close', 'data', 'end', 'error'];
/** A text frame with the payload "ws" and a mask of zeros. */
const TEXT_FRAME = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x77, 0x73]);

/** Puts a `ws` object on a socket whose handshake is over, with the options of a `WebSocketServer`. */
export function putWsOn(socket: Duplex, options: ServerOptions): RoomSocket {
  const ws = new (RoomSocket as unknown as Construct)(null, undefined, options);
  ws.setSocket(socket, EMPTY, options);
  return ws;
}

/** Detaches the `ws` that was just put on the socket from its bytes. Returns the function to pass bytes to it. */
export function takeDataListener(socket: Duplex): (chunk: Buffer) => void {
  const listener = socket.listeners('data').at(-1) as Listener;
  socket.removeListener('data', listener);
  return listener.bind(socket);
}

/** Tells the `ws` that was just put on a closed socket about the close, which it has missed. */
export function passOnClose(socket: Duplex): void {
  (socket.listeners('close').at(-1) as Listener).call(socket);
}

let isKnown: boolean | undefined;

/** Whether this version of `ws` works as this file expects. Tested once, on a throw-away socket. */
export function canPutWsOnLater(): boolean {
  return (isKnown ??= tryOut(putWsOn));
}

export function tryOut(put: typeof putWsOn): boolean {
  const socket = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  try {
    const received: string[] = [];
    const ws = put(socket, { maxPayload: TEXT_FRAME.length, autoPong: true });
    ws.on('message', (data: Buffer) => received.push(data.toString()));
    const listens = EVENTS.every((event) => socket.listenerCount(event) === 1);
    takeDataListener(socket)(Buffer.from(TEXT_FRAME));
    return listens && ws.readyState === WebSocket.OPEN && received.join() === 'ws';
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
