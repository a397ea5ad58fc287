import type { IncomingMessage } from 'node:http';
import { inDetachedContext } from '../base/async-context.js';
import { closeCodeFor, CloseCode, shouldReconnect } from '../base/protocol.js';
import { closeReasonOf, refusalFor } from '../base/refusal.js';
import { MAX_TIMEOUT_MS, type JamsocketClock } from '../base/sources.js';
import { Client } from '../members/client.js';
import { isAnotherUser } from '../members/client-auth.js';
import { ClientRequest } from '../members/client-request.js';
import { writeDirectly } from '../outbox/write-directly.js';
import { renewedRequest, tokenIn } from './renewed-request.js';

/** A client is asked this long before its authentication ends; if it has less time, after half of that. */
const LEAD_MS = 30_000;
/** If it does not answer, it is asked again after half of the rest, but not more often than this. */
const MIN_PAUSE_MS = 500;

const EXPIRED = JSON.stringify({ code: 'auth_expired' });
const ANOTHER_USER = JSON.stringify({ code: 'another_user' });

/** What the watch needs of the room. */
export interface WatchedRoom {
  readonly clock: JamsocketClock;
  /** Asks the guards of a connect. @param candidate the client as the guards see it */
  admit(candidate: Client, request: IncomingMessage): Promise<void> | undefined;
  /** The guards have admitted the client with its new token. */
  renewed(client: Client, candidate: Client): void;
  /** A guard has failed. */
  report(error: unknown, client: Client): void;
}

interface Watched {
  timer: NodeJS.Timeout | null;
  /** The client has been asked and has not answered. */
  isAsked: boolean;
  /** The guards look at its answer. */
  isChecked: boolean;
}

/**
 * Lets the clients of a room prove anew who they are, over their open connections, before their authentication ends.
 * Clients that do not are closed with 4401.
 */
export class AuthWatch {
  readonly #watched = new Map<Client, Watched>();

  constructor(private readonly room: WatchedRoom) {}

  /** The client has joined or resumed, or its authentication has changed. A client that is away is watched when it resumes. */
  watch(client: Client): void {
    this.forget(client);
    if (client.auth?.expiresAt === undefined || client.connection === null) return;
    const watched: Watched = { timer: null, isAsked: false, isChecked: false };
    this.#watched.set(client, watched);
    this.#wait(client, watched);
  }

  /** The client has left. */
  forget(client: Client): void {
    const timer = this.#watched.get(client)?.timer;
    if (timer) this.room.clock.clearTimeout(timer);
    this.#watched.delete(client);
  }

  clear(): void {
    for (const client of [...this.#watched.keys()]) this.forget(client);
  }

  /** The client has sent a token. An answer without a question is ignored: a guard may be expensive. */
  answered(client: Client, answer: string): void {
    const watched = this.#watched.get(client);
    if (watched === undefined || !watched.isAsked) return;
    watched.isAsked = false;
    const token = tokenIn(answer);
    if (token === undefined)
      return client.end(CloseCode.protocolError, 'the answer to "auth" of jamsocket.v1 is wrong');
    watched.isChecked = true;
    void inDetachedContext(() => this.#check(client, watched, token));
  }

  #wait(client: Client, watched: Watched): void {
    const left = this.#leftOf(client);
    const pause = left > LEAD_MS ? left - LEAD_MS : Math.min(left, Math.max(left / 2, MIN_PAUSE_MS));
    watched.timer = this.room.clock.setTimeout(
      () => this.#due(client, watched),
      Math.min(Math.ceil(pause), MAX_TIMEOUT_MS),
    );
  }

  #due(client: Client, watched: Watched): void {
    if (client.connection === null) return this.forget(client);
    const left = this.#leftOf(client);
    if (left <= 0) return client.end(CloseCode.unauthorized, EXPIRED);
    if (left <= LEAD_MS && !watched.isChecked && ask(client)) watched.isAsked = true;
    this.#wait(client, watched);
  }

  /** By the wall clock, which the token is judged by. */
  #leftOf({ auth }: Client): number {
    return Math.max(0, auth!.expiresAt! - this.room.clock.wallTime());
  }

  async #check(client: Client, watched: Watched, token: string): Promise<void> {
    const request = renewedRequest(client.request, token);
    const candidate = new Client(new ClientRequest(request, client.request.ip), client.address);
    try {
      await this.room.admit(candidate, request);
    } catch (error) {
      if (this.#watched.get(client) === watched) this.#refused(client, error);
      return;
    } finally {
      watched.isChecked = false;
    }
    // It may have left, resumed, or been given another authentication in the meantime.
    if (this.#watched.get(client) !== watched) return;
    if (isAnotherUser(client, candidate)) return client.end(CloseCode.unauthorized, ANOTHER_USER);
    client.request = candidate.request;
    this.room.renewed(client, candidate);
  }

  /** A guard that is out of order may be asked again. */
  #refused(client: Client, error: unknown): void {
    const refusal = refusalFor(error);
    const code = closeCodeFor(refusal.status);
    if (refusal.status >= 500) this.room.report(error, client);
    if (!shouldReconnect(code)) client.end(code, closeReasonOf(refusal));
  }
}

/** Asks the client for a token. It may overtake messages that wait for a commit. @returns false if it cannot be asked */
function ask({ session, connection }: Client): boolean {
  if (!session?.isConfirmed) return false;
  writeDirectly(connection!, session.askAuth());
  return true;
}
