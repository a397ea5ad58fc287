import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { closeFrame } from '../wire/control-frame.js';
import { closeCodeFor, PROTOCOL, type RefusalReason } from '../base/protocol.js';
import { acceptanceOf } from './handshake.js';
import type { Refusal } from './refusal.js';

/** A guard may have a code of its own, of any kind: it has to fit into a close frame's 123 bytes. */
const SHORT_CODE = /^[\w.:-]{1,60}$/;

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
  const close = closeFrame({ code: closeCodeFor(refusal.status), reason: reasonOf(refusal) });
  socket.end(Buffer.concat([Buffer.from(acceptanceOf(request, PROTOCOL)), close]));
}

function reasonOf({ headers, body }: Refusal): string {
  const { code } = body as { code?: unknown };
  const retryAfter = Number(headers['Retry-After']);
  const reason: RefusalReason = {
    code: typeof code === 'string' && SHORT_CODE.test(code) ? code : 'guard',
    ...(retryAfter > 0 && { retryAfter }),
  };
  return JSON.stringify(reason);
}
