import type { IncomingMessage } from 'node:http';
import { RefusedError } from '../base/errors.js';
import { PLAIN, PROTOCOL, RESUME_PREFIX } from '../base/protocol.js';
import type { ResumeRequest } from '../members/resumption.js';

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

/**
 * Which of the offered subprotocols the server answers with: ours, or else the client's first choice, among those that
 * are spoken where they are listed. It never tells a resume token back.
 */
export function selectProtocol(offered: ReadonlySet<string>, spoken: readonly string[] | undefined): string | false {
  if (offered.has(PROTOCOL)) return PROTOCOL;
  const isSpoken = (protocol: string) => spoken?.includes(protocol) ?? !protocol.startsWith(RESUME_PREFIX);
  return [...offered].find(isSpoken) ?? (offered.has(PLAIN) && PLAIN);
}

/** @throws RefusedError `subprotocol` if the client offers some, and none that is spoken */
export function checkSubprotocols(request: IncomingMessage, spoken: readonly string[] | undefined): void {
  const offered = offeredProtocols(request);
  if (offered.length === 0 || selectProtocol(new Set(offered), spoken) !== false) return;
  const known = [...(spoken ?? []), PROTOCOL].map((protocol) => `"${protocol}"`).join(', ');
  throw new RefusedError(
    400,
    'subprotocol',
    `None of the offered subprotocols is spoken here: offer ${known} or none.`,
  );
}

/** In the client's order of preference. */
export function offeredProtocols({ headers }: IncomingMessage): string[] {
  const header = headers['sec-websocket-protocol'];
  return header === undefined ? [] : header.split(',').map((protocol) => protocol.trim());
}
