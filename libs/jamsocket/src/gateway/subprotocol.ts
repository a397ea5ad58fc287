import type { IncomingMessage } from 'node:http';
import { RefusedError } from '../base/errors.js';
import { PLAIN, PROTOCOL, RESUME_PREFIX } from '../base/protocol.js';
import type { ResumeRequest } from '../members/resumption.js';

/** Token and count, which follow `RESUME_PREFIX`. */
const RESUME = /^([\w-]{22})\.(0|[1-9]\d{0,14})$/;

/** Whether the client speaks `jamsocket.v1`. */
export function offersProtocol(request: IncomingMessage): boolean {
  return offeredProtocols(request).includes(PROTOCOL);
}

/** The client's resume request, if it has one. An unreadable one counts as an unknown token, so that the client is told. */
export function resumeRequestOf(request: IncomingMessage): ResumeRequest | undefined {
  const offered = offeredProtocols(request).find((protocol) => protocol.startsWith(RESUME_PREFIX));
  if (offered === undefined) return undefined;
  const [, token = '', received = '0'] = RESUME.exec(offered.slice(RESUME_PREFIX.length)) ?? [];
  return { token, received: Number(received) };
}

/**
 * The subprotocol that the server selects: ours if it is offered, otherwise the client's first choice that the server
 * supports. Never selects an entry with a resume token, since that would send the token back.
 * @param spoken the supported ones; `undefined` supports any
 */
export function selectProtocol(offered: ReadonlySet<string>, spoken: readonly string[] | undefined): string | false {
  if (offered.has(PROTOCOL)) return PROTOCOL;
  const isSpoken = (protocol: string) => spoken?.includes(protocol) ?? !protocol.startsWith(RESUME_PREFIX);
  return [...offered].find(isSpoken) ?? (offered.has(PLAIN) && PLAIN);
}

/** @throws RefusedError `subprotocol` if the client offers only unsupported subprotocols */
export function checkSubprotocols(request: IncomingMessage, spoken: readonly string[] | undefined): void {
  const offered = offeredProtocols(request);
  if (offered.length === 0 || selectProtocol(new Set(offered), spoken) !== false) return;
  const known = [...(spoken ?? []), PROTOCOL].map((protocol) => `"${protocol}"`).join(', ');
  throw new RefusedError(400, 'subprotocol', `None of the offered subprotocols is supported: offer ${known} or none.`);
}

/** In the client's order of preference. */
export function offeredProtocols({ headers }: IncomingMessage): string[] {
  const header = headers['sec-websocket-protocol'];
  return header === undefined ? [] : header.split(',').map((protocol) => protocol.trim());
}
