import { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { ClientRequest } from './client-request.js';

/** The upgrade request of a client, as another process has received it. */
export function upgradeRequest(socket: Socket, url: string, rawHeaders: string[]): IncomingMessage {
  const request = new IncomingMessage(socket);
  request.method = 'GET';
  request.url = url;
  request.httpVersion = '1.1';
  [request.httpVersionMajor, request.httpVersionMinor] = [1, 1];
  request.rawHeaders = rawHeaders;
  // Node derives them only from what its own parser has read.
  request.headers = { ...ClientRequest.received(url, '', rawHeaders).headers };
  request.complete = true;
  return request;
}
