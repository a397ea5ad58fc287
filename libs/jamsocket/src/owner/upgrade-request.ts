import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { SentArrival } from '../peers/arriving.js';

/** The upgrade request that was sent to another node, for guards that are written for HTTP. */
export function upgradeRequestOf({ url, ip, rawHeaders }: SentArrival): IncomingMessage {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: ip });
  const request = new IncomingMessage(socket);
  request.method = 'GET';
  request.url = url;
  request.httpVersion = '1.1';
  [request.httpVersionMajor, request.httpVersionMinor] = [1, 1];
  request.rawHeaders = rawHeaders;
  request.complete = true;
  return request;
}
