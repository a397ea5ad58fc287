import { serialize } from 'node:v8';
import { deserializeOwned } from '../base/deserialize-owned.js';
import { JamsocketError } from '../base/errors.js';
import { describeError } from '../base/foreign-value.js';
import { findUnclonable, type Unclonable } from '../durable/unclonable.js';
import { Client } from '../members/client.js';
import type { KnownAuth } from '../members/client-auth.js';
import { ClientRequest } from '../members/client-request.js';
import type { RoomAddress } from '../members/room-address.js';
import type { ResumeRequest } from '../members/resumption.js';
import type { Arrival } from '../rooms/reservation.js';

/** A client on its way to the room's node. */
export interface SentArrival {
  readonly service: string;
  readonly key: string;
  readonly url: string;
  readonly ip: string;
  readonly rawHeaders: string[];
  /** What guards have set on the request, such as `user`. */
  readonly findings: Readonly<Record<string, unknown>>;
  readonly data: unknown;
  readonly tags: readonly string[];
  readonly auth: KnownAuth | null;
  readonly isResumable: boolean;
  readonly resume: ResumeRequest | undefined;
  /** The owner says when the room's guards have let the client in, and waits for the join. */
  readonly waits: boolean;
}

/**
 * @throws JamsocketError `bad_client_data` if `client.data` or `client.request.user` is no structured clone of itself
 */
export function encodeArrival(service: string, { client, isResumable, resume }: Arrival, waits: boolean): Buffer {
  const { request, address, tags, auth } = client;
  mustBeClonable('client.data', client.data);
  mustBeClonable('client.request.user', request.user as unknown);
  const arrival: SentArrival = {
    service,
    key: address.key,
    url: request.url,
    ip: request.ip,
    rawHeaders: request.rawHeaders,
    findings: findingsOf(request),
    data: client.data,
    tags: [...tags],
    auth,
    isResumable,
    resume,
    waits,
  };
  try {
    return serialize(arrival);
  } catch (error) {
    throw refused('client.data or client.request.user', describeError(error).message, error);
  }
}

export function decodeArrival(bytes: Buffer): SentArrival {
  return deserializeOwned(bytes) as SentArrival;
}

/** The request, as it was at the edge. */
export function requestOf({
  url,
  ip,
  rawHeaders,
  findings,
}: Pick<SentArrival, 'url' | 'ip' | 'rawHeaders' | 'findings'>): ClientRequest {
  const request = ClientRequest.received(url, ip, rawHeaders);
  // Assigning would fail for names that have only a getter.
  for (const [name, value] of Object.entries(findings))
    Object.defineProperty(request, name, { value, writable: true, enumerable: true, configurable: true });
  return request;
}

/** The client, as it was at the edge. */
export function clientOf(sent: SentArrival, address: RoomAddress): Client {
  const { data, tags, auth } = sent;
  const client = new Client(requestOf(sent), address);
  client.data = data;
  client.auth = auth;
  client.tag(...tags);
  return client;
}

/** Libraries set values of their own on a request: those that cannot be cloned stay at the edge. */
export function findingsOf(request: ClientRequest): Record<string, unknown> {
  const own = Object.entries(request).filter(([name]) => name !== 'url' && name !== 'ip');
  return Object.fromEntries(own.filter(([name, value]) => name === 'user' || mistakeIn(value) === undefined));
}

function mustBeClonable(name: string, value: unknown): void {
  const mistake = mistakeIn(value);
  if (mistake !== undefined) throw refused(`${name}${mistake.path}`, mistake.what);
}

function mistakeIn(value: unknown): Unclonable | undefined {
  if (value === undefined) return undefined;
  try {
    return findUnclonable(value);
  } catch (error) {
    return { path: '', what: `a value that cannot be read (${describeError(error).message})` };
  }
}

function refused(path: string, what: string, cause?: unknown): JamsocketError {
  const message = `${path} is ${what}. In a cluster, it goes to the node that runs the room as a structured clone: use plain objects, arrays, Map, Set, Date and bytes.`;
  return new JamsocketError('bad_client_data', message, { cause });
}
