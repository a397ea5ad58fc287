import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { closeFrame, type Close } from '../wire/control-frame.js';
import { acceptanceOf } from './handshake.js';
import { offeredProtocols, selectProtocol } from './subprotocol.js';

/**
 * Refuses a client with a close frame, since scripts of a page cannot read the HTTP answer to an upgrade. The handshake is
 * completed and the connection is closed at once; no WebSocket object is created.
 */
export function acceptAndClose(request: IncomingMessage, socket: Duplex, close: Close): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  socket.once('finish', () => socket.destroy());
  const protocol = selectProtocol(new Set(offeredProtocols(request)), undefined);
  socket.end(Buffer.concat([Buffer.from(acceptanceOf(request, protocol)), closeFrame(close)]));
}
