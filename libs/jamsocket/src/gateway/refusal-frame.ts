import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { closeFrame } from '../wire/control-frame.js';
import { closeCodeFor, PROTOCOL } from '../base/protocol.js';
import { closeReasonOf, type Refusal } from '../base/refusal.js';
import { acceptanceOf } from './handshake.js';

/**
 * Tells a client of `jamsocket.v1` by a close frame: a page's script cannot see what an upgrade is answered. The
 * handshake is completed only to close at once; no WebSocket comes into being here.
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
