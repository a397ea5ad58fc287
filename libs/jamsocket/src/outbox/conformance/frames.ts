import { headerBytes, payloadBytes } from '../../wire/frame-header.js';
import { CLOSE } from '../../wire/control-frame.js';
import { BINARY, Frame, TEXT } from '../../wire/frame.js';

/** The bytes of a text message, as a room would write them. */
export function encoded(text: string): Buffer {
  const frame = Frame.text(text);
  const bytes = Buffer.alloc(frame.bytes);
  frame.writeTo(bytes, 0);
  return bytes;
}

/** The messages in the bytes that a server has sent: texts, `<bytes in hexadecimal>`, `close <code> <reason>`, without pings. */
export function messagesOf(bytes: Buffer): string[] {
  const messages: string[] = [];
  for (let at = 0, start = 0; at < bytes.length; at = start) {
    const opcode = bytes[at] & 0x0f;
    const header = headerBytes(bytes, at);
    const begin = at + header;
    start = begin + payloadBytes(bytes, at);
    // The rest of the frame has not arrived yet.
    if (header === 0 || start > bytes.length) break;
    const payload = bytes.subarray(begin, start);
    if (opcode === TEXT) messages.push(payload.toString());
    else if (opcode === BINARY) messages.push(`<${payload.toString('hex')}>`);
    else if (opcode === CLOSE) messages.push(`close ${payload.readUInt16BE(0)} ${payload.toString('utf8', 2)}`.trim());
  }
  return messages;
}
