/** The bytes of an upgrade request, for clients without `ws`. */
export function upgradeRequest(path: string): string {
  return (
    `GET /ws/${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n'
  );
}

export const ACCEPTED = 'HTTP/1.1 101 ';
export const END_OF_HEADERS = '\r\n\r\n';
/** A masked close frame with status 1000. The mask is zero. */
export const CLOSE_FRAME = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]);
