import { Logger } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { inspect } from 'node:util';
import type { ServiceDefinition, ServiceDefinitions } from '../discovery/definitions.js';
import { RefusedError } from '../jamsocket.errors.js';
import type { ResolvedOptions } from '../jamsocket.options.resolve.js';
import type { JamsocketClock } from '../jamsocket.sources.js';
import { ClientRequest } from '../room/client-request.js';
import { Client } from '../room/client.js';
import type { RoomRegistry } from '../room/room-registry.js';
import { ConnectionCounter } from './connection-counter.js';
import { checkHandshake } from './handshake.js';
import { checkOrigin } from './origin.js';
import { refusalFor, writeRefusal } from './refusal.js';
import { RouteTable, type Route } from './route-table.js';
import { SocketFactory } from './socket-factory.js';

/** Seconds after which a client may try again while the server restarts. */
const RETRY_AFTER_S = '1';

/** One upgrade request on its way in. */
class Attempt {
  /** It was answered, or its socket is gone. */
  isOver = false;
  #abandon!: (reason: unknown) => void;
  readonly #abandoned = new Promise<never>((_resolve, reject) => (this.#abandon = reject));

  constructor(
    readonly request: IncomingMessage,
    readonly socket: Duplex,
    readonly head: Buffer,
  ) {
    this.#abandoned.catch(() => undefined);
  }

  /** Whoever waits for something on its behalf need not wait any longer. */
  end(reason: unknown): void {
    this.isOver = true;
    this.#abandon(reason);
  }

  /** Waits for `work`, but no longer than the attempt lasts. What comes too late is given to `undo`. */
  async waitFor<T>(work: Promise<T>, undo?: (result: T) => void): Promise<T> {
    work.then(
      (result) => this.isOver && undo?.(result),
      () => undefined,
    );
    return Promise.race([work, this.#abandoned]);
  }
}

/** The front door: takes upgrade requests, refuses with HTTP, and seats whoever gets in. */
export class JamsocketGateway {
  #isDraining = false;
  readonly #attempts = new Set<Attempt>();
  readonly #routes: RouteTable;
  readonly #counter: ConnectionCounter;
  readonly #sockets = new Map<ServiceDefinition, SocketFactory>();
  readonly #logger = new Logger('Jamsocket');

  constructor(
    options: ResolvedOptions,
    definitions: ServiceDefinitions,
    private readonly registry: RoomRegistry,
    private readonly clock: JamsocketClock,
  ) {
    this.#routes = new RouteTable(options.path, definitions.all);
    this.#counter = new ConnectionCounter(options.limits.maxConnections, options.limits.maxConnectionsPerIp);
    for (const definition of definitions.all)
      this.#sockets.set(definition, new SocketFactory(definition.options, clock));
  }

  /** @returns false if the request is not for a room: it belongs to somebody else */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    if (!this.#routes.owns(request.url ?? '')) return false;
    const attempt = new Attempt(request, socket, head);
    const giveUp = (error: Error) => {
      attempt.end(error);
      socket.destroy();
    };
    // Until ws takes over, nobody else listens, and an unheard error would end the process.
    socket.on('error', giveUp);
    this.#attempts.add(attempt);
    this.#admit(attempt)
      .then(
        (isSeated) => isSeated && socket.removeListener('error', giveUp),
        (error) => this.#refuse(attempt, error),
      )
      .finally(() => this.#attempts.delete(attempt));
    return true;
  }

  /** Answers everyone who is still waiting outside, and from now on whoever comes. */
  refuseAll(): void {
    this.#isDraining = true;
    for (const attempt of this.#attempts) this.#refuse(attempt, draining());
  }

  async #admit(attempt: Attempt): Promise<boolean> {
    const { request, socket } = attempt;
    checkHandshake(request);
    if (this.#isDraining) throw draining();
    this.#counter.count(socket, request.socket.remoteAddress ?? '');
    const route = this.#routes.find(request.url ?? '');
    const timer = this.clock.setTimeout(() => {
      this.#refuse(attempt, new RefusedError(503, 'handshake_timeout', 'The connect took too long.'));
    }, route.definition.options.limits.handshakeTimeoutMs);
    try {
      return await this.#seat(attempt, route);
    } finally {
      this.clock.clearTimeout(timer);
    }
  }

  /** @returns whether the client sits in its room; if not, the attempt was over before */
  async #seat(attempt: Attempt, { definition, address }: Route): Promise<boolean> {
    const { request, socket, head } = attempt;
    await attempt.waitFor(checkOrigin(request, definition.options.origins));
    const client = new Client(new ClientRequest(request), address);
    const guardsNeedRoom = definition.guardsNeedRoom();
    if (!guardsNeedRoom) await attempt.waitFor(definition.admit(client, null, null));
    for (;;) {
      if (attempt.isOver || socket.destroyed) return false;
      const room = await attempt.waitFor(this.registry.reserve(definition, address), (late) =>
        late.occupancy.release(),
      );
      try {
        if (guardsNeedRoom) await attempt.waitFor(definition.admit(client, room.instance, room.context));
        // It may have begun to stop while the guards were at work: then its successor is asked.
        if (room.state !== 'running') continue;
        if (attempt.isOver || socket.destroyed) return false;
        attempt.isOver = true;
        this.#sockets
          .get(definition)!
          .open(request, socket, head, client, (connection) => room.join(client, connection));
        return true;
      } finally {
        room.occupancy.release();
      }
    }
  }

  #refuse(attempt: Attempt, error: unknown): void {
    if (attempt.isOver) return;
    const refusal = refusalFor(error);
    if (refusal.status >= 500) this.#report(attempt.request, error);
    attempt.end(error);
    writeRefusal(attempt.socket, refusal);
  }

  #report(request: IncomingMessage, error: unknown): void {
    const reason = error instanceof RefusedError ? error.cause : error;
    if (reason === undefined) return;
    const path = (request.url ?? '').split('?', 1)[0].slice(0, 200);
    const stack = reason instanceof Error ? reason.stack : undefined;
    this.#logger.error(`Connecting to ${path} failed: ${messageOf(reason)}`, stack);
  }
}

function draining(): RefusedError {
  return new RefusedError(503, 'draining', 'The server is shutting down.', { 'Retry-After': RETRY_AFTER_S });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : inspect(error);
}
