import type { IncomingMessage } from 'node:http';
import { PROTOCOL, RESUME_PREFIX } from '../protocol.js';
import type { ResumeRequest } from '../room/resumption.js';

/** Token and count, as `RESUME_PREFIX` is followed by them. */
const RESUME = /^([\w-]{22})\.(0|[1-9]\d{0,14})$/;

/** Whether the client speaks `jamsocket.v1`. */
export function offersProtocol(request: IncomingMessage): boolean {
  return offeredProtocols(request).includes(PROTOCOL);
}

/** What the client wants to go on with, if it does. What cannot be read is a token that nobody knows: it has to be told. */
export function resumeRequestOf(request: IncomingMessage): ResumeRequest | undefined {
  const offered = offeredProtocols(request).find((protocol) => protocol.startsWith(RESUME_PREFIX));
  if (offered === undefined) return undefined;
  const [, token = '', received = '0'] = RESUME.exec(offered.slice(RESUME_PREFIX.length)) ?? [];
  return { token, received: Number(received) };
}

/** Which of the offered subprotocols the server answers with: ours, or else the client's first choice. */
export function selectProtocol(offered: ReadonlySet<string>): string | false {
  if (offered.has(PROTOCOL)) return PROTOCOL;
  const [first] = offered;
  return first ?? false;
}

function offeredProtocols({ headers }: IncomingMessage): string[] {
  const header = headers['sec-websocket-protocol'];
  return header === undefined ? [] : header.split(',').map((protocol) => protocol.trim());
}
