import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** Some proxies append the port. An IPv6 address is then in brackets, which can also appear without a port. */
const WITH_PORT = /^(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)$/;

/**
 * The address of the client that sent a request. Each proxy appends the address of its peer to `X-Forwarded-For`, so with
 * `proxies` proxies the client's address is at that position from the right; a client can forge everything further left.
 * If the header has no address there, the request did not pass all proxies, and the peer's address is returned.
 */
export function clientAddress(request: IncomingMessage, proxies: number): string {
  const peer = request.socket.remoteAddress ?? '';
  if (proxies === 0) return peer;
  // Node joins several headers of this name with a comma.
  const header = request.headers['x-forwarded-for'];
  const forwarded = (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',');
  const entry = forwarded.at(-proxies)?.trim() ?? '';
  const [, bracketed, plain] = WITH_PORT.exec(entry) ?? [];
  const address = bracketed ?? plain ?? entry;
  return isIP(address) ? address : peer;
}
