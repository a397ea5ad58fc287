import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { closeCodeFor, PROTOCOL, type RefusalReason } from '../protocol.js';
import type { Refusal } from './refusal.js';

/** RFC 6455 section 1.3 */
const KEY_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** RFC 6455 section 5.5.1, with the FIN bit. */
const CLOSE_FRAME = 0x88;
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
  const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${KEY_GUID}`).digest('base64');
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
    `Sec-WebSocket-Protocol: ${PROTOCOL}`,
  ];
  socket.once('finish', () => socket.destroy());
  socket.end(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), closeFrame(refusal)]));
}

function closeFrame({ status, headers, body }: Refusal): Buffer {
  const { code } = body as { code?: unknown };
  const retryAfter = Number(headers['Retry-After']);
  const reason: RefusalReason = {
    code: typeof code === 'string' && SHORT_CODE.test(code) ? code : 'guard',
    ...(retryAfter > 0 && { retryAfter }),
  };
  const text = Buffer.from(JSON.stringify(reason));
  const frame = Buffer.alloc(4 + text.length);
  frame[0] = CLOSE_FRAME;
  frame[1] = 2 + text.length;
  frame.writeUInt16BE(closeCodeFor(status), 2);
  text.copy(frame, 4);
  return frame;
}
