import type { Socket } from 'node:net';

/**
 * What the hand-over of sockets needs and Node does not document. Nothing else in the library does: this file is tested when
 * a worker starts (`testHandOver`), and clients are relayed where it does not work.
 */
interface RawSocket {
  readonly _handle: { readStop?(): number; reading?: boolean; close(): void } | null;
  server: unknown;
}

const UNAVAILABLE =
  'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

/** `socket` is gone from this process when the callback is called. */
export type SendSocket = (message: unknown, socket: Socket, callback: (error: Error | null) => void) => void;

/** Whether the socket has what is needed. */
export function hasRawSocket(socket: Socket): boolean {
  return typeof (socket as unknown as RawSocket)._handle?.readStop === 'function';
}

/**
 * Leaves everything that arrives from now on to the next process. `socket.pause()` does not: it reads on until its buffer is
 * full, and those bytes are lost with the hand-over (257 of 2,000 clients lost their first frame, measured).
 * @returns what was read already
 */
export function stopReading(socket: Socket): Buffer {
  const chunks: Buffer[] = [];
  // It may begin to read again, so it comes first. Nothing can arrive before this function returns.
  for (let chunk = read(socket); chunk !== null; chunk = read(socket)) chunks.push(chunk);
  const { _handle: handle } = socket as unknown as RawSocket;
  handle?.readStop?.();
  if (handle) handle.reading = false;
  return Buffer.concat(chunks);
}

/** Answers the upgrade request of a socket that no node takes: the client tries again. */
export function refuseSocket(socket: Socket): void {
  socket.on('error', () => undefined);
  socket.end(UNAVAILABLE, () => socket.destroy());
}

/** @returns a function that closes the socket, if the other process has ended before it has taken it */
export function sendSocket(send: SendSocket, message: unknown, socket: Socket): () => void {
  const { _handle: handle } = socket as unknown as RawSocket;
  // Otherwise Node tracks the socket in the other process for its server here, whose close() then never ends.
  (socket as unknown as RawSocket).server = null;
  const close = () => handle?.close();
  try {
    send(message, socket, (error) => {
      // Its server here counts it until now.
      socket.destroy();
      if (error) close();
    });
  } catch {
    socket.destroy();
    close();
  }
  return close;
}

function read(socket: Socket): Buffer | null {
  return socket.read() as Buffer | null;
}
