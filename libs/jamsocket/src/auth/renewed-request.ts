import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { ClientRequest } from '../members/client-request.js';

/** Longest token that a client may send over its connection, in characters: as much as Node takes in all headers. */
const MAX_TOKEN_LENGTH = 16_384;
/** Characters that are not allowed in a header. */
// eslint-disable-next-line no-control-regex
const CONTROL = /[\0-\x1f\x7f]/;

/** The token in a client's answer; `undefined` if the answer is malformed. */
export function tokenIn(answer: string): string | undefined {
  try {
    const { auth } = JSON.parse(answer) as { auth?: unknown };
    const isToken = typeof auth === 'string' && auth !== '' && auth.length <= MAX_TOKEN_LENGTH && !CONTROL.test(auth);
    return isToken ? auth : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The client's upgrade request with another token in the place of the earlier one, so that guards treat it as they treated
 * the connect. Findings of guards on the earlier request, such as `user`, are not on it.
 */
export function renewedRequest(request: ClientRequest, token: string): IncomingMessage {
  const renewed = new IncomingMessage(new Socket());
  renewed.method = 'GET';
  const headers: Record<string, string | undefined> = { ...request.headers };
  const isInUrl = headers.authorization === undefined && request.query.has('token');
  renewed.url = isInUrl ? withToken(request, token) : request.url;
  if (!isInUrl) headers.authorization = `Bearer ${token}`;
  renewed.rawHeaders = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
  return renewed;
}

function withToken({ url, query }: ClientRequest, token: string): string {
  const renewed = new URLSearchParams(query);
  renewed.set('token', token);
  return `${url.split('?', 1)[0]}?${renewed.toString()}`;
}
