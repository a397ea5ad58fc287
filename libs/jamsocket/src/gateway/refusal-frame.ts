import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { closeFrame } from '../wire/control-frame.js';
import { closeCodeFor, PROTOCOL } from '../base/protocol.js';
import { closeReasonOf, type Refusal } from '../base/refusal.js';
import { acceptanceOf } from './handshake.js';

/**
 * Refuses a client of `jamsocket.v1` with a close frame, since scripts of a page cannot read the HTTP answer to an upgrade.
 * The handshake is completed and the connection is closed at once; no WebSocket object is created.
 */
export function writeRefusalFrame(request: IncomingMessage, socket: Duplex, refusal: Refusal): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  socket.once('finish', () => socket.destroy());
  const close = closeFrame({ code: closeCodeFor(refusal.status), reason: closeReasonOf(refusal) });
  socket.end(Buffer.concat([Buffer.from(acceptanceOf(request, PROTOCOL)), close]));
}
