import { JamsocketError } from '../base/errors.js';
import type { ClientRequest } from './client-request.js';

/** Argument of `client.setAuth`: who a client is, and until when that is certain. */
export interface ClientAuth {
  /**
   * Id of the user, 1 to 128 characters without control characters. Clients with the same one are one person: in the
   * presence of a room, and for `rooms.of` and `rooms.sendToUser`.
   */
  readonly user?: string;
  /** End of the authentication, such as that of the token. Default: it does not end. */
  readonly expiresAt?: Date;
}

/** What the guards of `@OnConnect` have found out about a client that has come back or has sent a new token. */
export interface Admitted<Data = any> {
  /** What a guard has put there; `undefined` if none has. */
  readonly data: Data;
  /** As a guard has told `setAuth`. */
  readonly user: string | undefined;
  readonly tags: ReadonlySet<string>;
  readonly request: ClientRequest;
}

/** A checked `ClientAuth`. A plain object, so that it can be sent to another process. */
export interface KnownAuth {
  readonly user: string | undefined;
  /** Milliseconds since 1970. */
  readonly expiresAt: number | undefined;
}

const MAX_USER_LENGTH = 128;
// eslint-disable-next-line no-control-regex
const CONTROL = /[\0-\x1f\x7f]/;

/** @internal @throws JamsocketError `bad_auth` */
export function checkedAuth(auth: ClientAuth): KnownAuth {
  if (typeof auth !== 'object' || auth === null)
    throw bad(`setAuth takes { user, expiresAt }, not ${auth === null ? 'null' : typeof auth}.`);
  const { user, expiresAt } = auth as { user?: unknown; expiresAt?: unknown };
  return { user: user === undefined ? undefined : checkedUser(user), expiresAt: timeOf(expiresAt) };
}

/** @internal @throws JamsocketError `bad_auth` */
export function checkedUser(user: unknown): string {
  if (typeof user !== 'string')
    throw bad(`A user is named by a string, not by a value of type ${typeof user}: use String(id).`);
  if (user === '' || user.length > MAX_USER_LENGTH || CONTROL.test(user))
    throw bad(
      `A user's id has 1 to ${MAX_USER_LENGTH} characters and no control characters; this one has ${user.length} characters.`,
    );
  return user;
}

/** @internal Whether the guards have found another user than the client's. A candidate without a user is not another one. */
export function isAnotherUser(client: { readonly user?: string }, candidate: { readonly user?: string }): boolean {
  return client.user !== undefined && candidate.user !== undefined && client.user !== candidate.user;
}

function timeOf(expiresAt: unknown): number | undefined {
  if (expiresAt === undefined) return undefined;
  const time = expiresAt instanceof Date ? expiresAt.getTime() : NaN;
  if (Number.isNaN(time))
    throw bad('expiresAt must be a valid Date. The `exp` of a JWT is in seconds: use new Date(exp * 1000).');
  return time;
}

function bad(message: string): JamsocketError {
  return new JamsocketError('bad_auth', message);
}
