import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** Some proxies append the port. An IPv6 address then stands in brackets, which may come without a port too. */
const WITH_PORT = /^(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)$/;

/**
 * The address a request comes from. Each proxy appends the address of its own peer to `X-Forwarded-For`, so behind
 * `proxies` of them the client is that many places from the right; what stands further left, the client may have made
 * up. A header that is too short, or has no address there, did not come through them all, and the peer's own counts.
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
