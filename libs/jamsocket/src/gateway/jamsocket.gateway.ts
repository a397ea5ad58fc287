import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { isInstance } from '../base/foreign-value.js';
import { pathAndQueryOf } from '../base/request-target.js';
import type { ServiceDefinition, ServiceDefinitions } from '../discovery/definitions.js';
import { inDetachedContext } from '../base/async-context.js';
import { RefusedError, RoomClosedError } from '../base/errors.js';
import { closeCodeFor } from '../base/protocol.js';
import { closeReasonOf, refusalFor, type Refusal } from '../base/refusal.js';
import type { ResolvedOptions } from '../options/resolved.js';
import type { SharedCounts } from '../base/limits/shared-counts.js';
import type { JamsocketClock } from '../base/sources.js';
import { ClientRequest } from '../members/client-request.js';
import type { RoomAddress } from '../members/room-address.js';
import { Client } from '../members/client.js';
import type { JamsocketObservers } from '../observe/jamsocket-observers.js';
import type { Placement } from '../rooms/reservation.js';
import type { Close } from '../wire/control-frame.js';
import { Attempt } from './attempt.js';
import { clientAddress } from './client-address.js';
import { ConnectionCounter, type ConnectionLimits } from './connection-counter.js';
import { HandOver } from './hand-over.js';
import { MachineCounter } from './machine-counter.js';
import { checkHandshake } from './handshake.js';
import { answerPlainRequests, type RoutingAdapter } from './plain-requests.js';
import { writeRefusal } from './refusal.js';
import { RefusalLog } from './refusal-log.js';
import { acceptAndClose } from './refusal-frame.js';
import { RouteTable } from './route-table.js';
import { Admission } from './admission.js';
import { SocketFactory } from './socket-factory.js';
import { offersProtocol } from './subprotocol.js';
import { moveToken } from './token-entry.js';

/** Seconds after which a client may try again while the server restarts. */
const RETRY_AFTER_S = '1';

/** Handles upgrade requests: refuses them with HTTP, or lets the client into its room. */
export class JamsocketGateway {
  /** New clients are refused. */
  isDraining = false;
  /** Called with each client before its guards run: lets tests prepare the client. */
  onClient: ((client: Client, socket: Duplex) => void) | null = null;
  readonly #attempts = new Set<Attempt>();
  readonly #routes: RouteTable;
  readonly #counter: ConnectionLimits;
  readonly #sockets = new Map<ServiceDefinition, SocketFactory>();
  readonly #log = new RefusalLog();

  constructor(
    private readonly options: ResolvedOptions,
    definitions: ServiceDefinitions,
    private readonly placement: Placement,
    private readonly clock: JamsocketClock,
    private readonly observers: JamsocketObservers,
    /** `null` if no other process on this machine takes sockets. */
    readonly handOver: HandOver | null,
    /** `null` if limits hold for this process. */
    counts: SharedCounts | null,
  ) {
    this.#routes = new RouteTable(options.path, definitions.all);
    if (definitions.all.length === 0) {
      this.#log.noServices();
    }
    this.#counter =
      counts === null
        ? new ConnectionCounter(options.limits, clock, placement.placesKept)
        : new MachineCounter(options.limits, counts);
    for (const definition of definitions.all) {
      this.#sockets.set(definition, new SocketFactory(definition.options, clock));
    }
  }

  /** @returns false if the request is not for a room, so that other upgrade listeners get it */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    if (!this.#routes.owns(pathAndQueryOf(request))) return false;
    const attempt = new Attempt(request, socket, head, this.clock);
    // Node emits 'upgrade' in the async context of an HTTP parser, which connections reuse.
    inDetachedContext(() => this.#take(attempt));
    return true;
  }

  #take(attempt: Attempt): void {
    const { socket } = attempt;
    let admitted: void | Promise<void>;
    try {
      admitted = this.#admit(attempt);
    } catch (error) {
      // There is no other listener, and an unhandled 'error' event would end the process.
      socket.on('error', () => socket.destroy());
      this.#refuse(attempt, error);
      return;
    }
    if (admitted !== undefined) void this.#watch(attempt, admitted);
  }

  /** The refusal of an upgrade that no listener handles. */
  unowned(url: string): RefusedError {
    const refused = this.#routes.noService('There is no WebSocket at this path.');
    this.#log.hint(url, refused);
    return refused;
  }

  /** Answers requests for our paths that are not upgrades. */
  answerPlainRequests(adapter: RoutingAdapter | undefined): void {
    const { path } = this.options;
    // Without a prefix, a wildcard would match every path. Fastify and Express write it differently.
    const rest = adapter?.getType?.() === 'fastify' ? '*' : '*path';
    answerPlainRequests(adapter, path === '' ? this.#routes.paths : [`${path}/${rest}`], (url) => {
      try {
        this.#routes.find(url);
      } catch (error) {
        this.#log.hint(url, error);
        throw error;
      }
    });
  }

  /** Refuses the pending upgrade requests and all new ones. */
  refuseAll(): void {
    this.isDraining = true;
    this.handOver?.close();
    for (const attempt of this.#attempts) this.#refuse(attempt, draining());
  }

  #admit(attempt: Attempt): void | Promise<void> {
    const { request, socket } = attempt;
    checkHandshake(request);
    attempt.isHandshake = true;
    moveToken(request);
    if (this.isDraining) throw draining();
    const ip = clientAddress(request, this.options.trustProxy);
    attempt.isPlaced = this.handOver?.hasTaken(socket) === true;
    // The process that has given the socket has counted it.
    const counted = attempt.isPlaced ? undefined : this.#counter.countConnect(ip);
    return attempt.after(counted, this.options.limits.handshakeTimeoutMs, () => this.#route(attempt, ip));
  }

  /** Finds the service, and perhaps another process on this machine that has the room. */
  #route(attempt: Attempt, ip: string): void | Promise<void> {
    const { handOver } = this;
    const { definition, address } = this.#routes.find(attempt.url);
    attempt.service = definition.service;
    attempt.room = address.key;
    if (handOver === null || !handOver.canGive(attempt.socket, definition, address.key))
      return this.#enter(attempt, definition, address, ip);
    return attempt.after(
      handOver.give(attempt, definition, address.key),
      definition.options.limits.handshakeTimeoutMs,
      (isGone) => (isGone ? undefined : this.#enter(attempt, definition, address, ip)),
    );
  }

  /** The client enters its room from this process. */
  #enter(attempt: Attempt, definition: ServiceDefinition, address: RoomAddress, ip: string): void | Promise<void> {
    const { request, socket } = attempt;
    const client = new Client(new ClientRequest(request, ip), address);
    const admission = new Admission(
      attempt,
      definition,
      client,
      this.placement,
      this.#sockets.get(definition)!,
      this.options.trustProxy,
    );
    const counted = this.#counter.countConnection(socket, ip, admission.isForPlaceKept);
    return attempt.after(counted, definition.options.limits.handshakeTimeoutMs, () => {
      this.onClient?.(client, socket);
      return admission.begin();
    });
  }

  /** Completes a connect that has to wait for something. */
  async #watch(attempt: Attempt, admitted: Promise<void>): Promise<void> {
    const { socket } = attempt;
    const giveUp = (error: Error) => {
      attempt.end(error);
      socket.destroy();
    };
    // Until the connection takes over there is no other listener, and an unhandled 'error' event would end the process.
    socket.on('error', giveUp);
    this.#attempts.add(attempt);
    try {
      await admitted;
      socket.removeListener('error', giveUp);
    } catch (error) {
      this.#refuse(attempt, error);
    } finally {
      attempt.stopTimer();
      this.#attempts.delete(attempt);
    }
  }

  #refuse(attempt: Attempt, error: unknown): void {
    if (attempt.isOver) return;
    const refusal = refusalFor(error);
    this.#log.refused(attempt, error, refusal.status);
    this.observers.current?.connectRefused({
      status: refusal.status,
      code: refusal.code,
      service: attempt.service,
      url: attempt.url,
    });
    attempt.end(error);
    const close = closeFor(error, refusal, attempt);
    if (close !== undefined) acceptAndClose(attempt.request, attempt.socket, close);
    else writeRefusal(attempt.socket, refusal);
  }
}

/** The close frame that refuses the client; `undefined` if it gets an HTTP answer. */
function closeFor(error: unknown, refusal: Refusal, { isHandshake, request }: Attempt): Close | undefined {
  if (isInstance(error, RoomClosedError)) return error.close;
  if (!isHandshake || !offersProtocol(request)) return undefined;
  return { code: closeCodeFor(refusal.status), reason: closeReasonOf(refusal) };
}

function draining(): RefusedError {
  return new RefusedError(503, 'draining', 'The server is shutting down.', { 'Retry-After': RETRY_AFTER_S });
}
