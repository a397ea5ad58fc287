import { Logger } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type ServerOptions } from 'ws';
import { logWarning } from '../base/log.js';
import type { ConnectionSink } from '../wire/connection-sink.js';
import type { PutWs } from '../wire/connection-socket.js';
import { inDetachedContext } from '../base/async-context.js';
import { Connection } from '../wire/connection.js';
import { CLOSE_TIMEOUT_MS } from '../wire/endpoint.js';
import { Heartbeat, NO_HEARTBEAT } from '../wire/heartbeat.js';
import { RoomSocket } from '../wire/room-socket.js';
import { canPutWsOnLater, putWsOn } from '../wire/ws-handover.js';
import type { ResolvedRoomOptions } from '../options/resolved.js';
import type { JamsocketClock } from '../base/sources.js';
import { acceptanceOf } from './handshake.js';
import { offeredProtocols, selectProtocol } from './subprotocol.js';

const logger = new Logger('Jamsocket');
let hasWarned = false;

/** Opens the sockets of one service, with the wire limits of its options. */
export class SocketFactory {
  readonly #server: WebSocketServer;
  readonly #heartbeat: Heartbeat | typeof NO_HEARTBEAT;
  /** Puts a `ws` object on a socket when it is needed; `null` if `ws` handles every connection from the start. */
  readonly #putWs: PutWs | null;

  constructor(
    private readonly options: ResolvedRoomOptions,
    clock: JamsocketClock,
  ) {
    const { coalesce, limits, heartbeat, subprotocols } = options;
    this.#server = new WebSocketServer({
      noServer: true,
      WebSocket: RoomSocket,
      clientTracking: false,
      perMessageDeflate: false,
      handleProtocols: (offered) => selectProtocol(offered, subprotocols),
      maxPayload: limits.maxPayloadBytes,
      maxFragments: limits.maxFragments,
      maxBufferedChunks: limits.maxBufferedChunks,
      maxPendingAutoPongs: limits.maxPendingAutoPongs,
      closeTimeout: CLOSE_TIMEOUT_MS,
      // The types of ws 8.23 do not include its limits yet.
    } as ServerOptions);
    this.#heartbeat = heartbeat ? new Heartbeat(clock, heartbeat.intervalMs, heartbeat.timeoutMs) : NO_HEARTBEAT;
    const { options: wsOptions } = this.#server;
    const isLazy = coalesce && canPutWsOnLater();
    if (coalesce && !isLazy) warnOnce();
    this.#putWs = isLazy ? (socket) => putWsOn(socket, wsOptions) : null;
  }

  /** Completes the handshake. The request is already checked, so this fails only if the socket has ended. */
  open(request: IncomingMessage, socket: Duplex, head: Buffer, sink: ConnectionSink): Connection | undefined {
    const putWs = this.#putWs;
    // Later messages must not run in the async context of the upgrade.
    return inDetachedContext(() =>
      putWs === null
        ? this.#openWithWs(request, socket, head, sink)
        : this.#openBare(request, socket, head, sink, putWs),
    );
  }

  #openWithWs(request: IncomingMessage, socket: Duplex, head: Buffer, sink: ConnectionSink): Connection | undefined {
    let connection: Connection | undefined;
    this.#server.handleUpgrade(request, socket, head, (ws) => {
      connection = this.#connect(socket, sink, ws as RoomSocket);
    });
    return connection;
  }

  #openBare(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    sink: ConnectionSink,
    putWs: PutWs,
  ): Connection | undefined {
    // The client may have closed the socket already.
    if (!socket.readable || !socket.writable) {
      socket.destroy();
      return undefined;
    }
    const protocol = selectProtocol(new Set(offeredProtocols(request)), this.options.subprotocols);
    socket.write(acceptanceOf(request, protocol), 'latin1');
    if (head.length > 0) socket.unshift(head);
    return this.#connect(socket, sink, putWs);
  }

  #connect(socket: Duplex, sink: ConnectionSink, opening: RoomSocket | PutWs): Connection {
    const connection = new Connection(socket, sink, this.options.limits, this.#heartbeat, opening);
    this.#heartbeat.add(connection);
    return connection;
  }
}

function warnOnce(): void {
  if (hasWarned) return;
  hasWarned = true;
  logWarning(
    logger,
    'This version of ws is not supported by the fast path: ws reads every connection from the start, which is slower.',
    null,
  );
}
