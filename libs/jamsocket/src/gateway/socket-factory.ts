import { Logger } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type ServerOptions } from 'ws';
import { Connection, RoomSocket } from '../connection/connection.js';
import { Heartbeat, NO_HEARTBEAT } from '../connection/heartbeat.js';
import type { ResolvedRoomOptions } from '../jamsocket.options.resolve.js';
import type { JamsocketClock } from '../jamsocket.sources.js';
import type { Client } from '../room/client.js';
import { selectProtocol } from './subprotocol.js';

/** Milliseconds a peer may take to answer our close frame before its socket is destroyed. */
const CLOSE_TIMEOUT_MS = 5_000;

const logger = new Logger('Jamsocket');
let hasWarned = false;

/** Opens the sockets of one service, with the wire limits of its options. */
export class SocketFactory {
  readonly #server: WebSocketServer;
  readonly #heartbeat: Heartbeat | typeof NO_HEARTBEAT;

  constructor(
    private readonly options: ResolvedRoomOptions,
    clock: JamsocketClock,
  ) {
    const { limits, heartbeat, subprotocols } = options;
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
      // The limits of ws 8.23 are not in its types yet.
    } as ServerOptions);
    this.#heartbeat = heartbeat ? new Heartbeat(clock, heartbeat.intervalMs, heartbeat.timeoutMs) : NO_HEARTBEAT;
  }

  /** Completes the handshake. The request has been checked: this cannot fail but by the socket's end. */
  open(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    client: Client,
    joined: (connection: Connection) => void,
  ): void {
    this.#server.handleUpgrade(request, socket, head, (ws) => {
      const connection = new Connection(ws as RoomSocket, socket, client, this.options.limits, this.#heartbeat);
      if (this.options.coalesce && !connection.readDirectly()) warnOnce();
      this.#heartbeat.add(connection);
      joined(connection);
    });
  }
}

function warnOnce(): void {
  if (hasWarned) return;
  hasWarned = true;
  logger.warn(
    'This version of ws listens to its socket in an unknown way: messages are read through it, which is slower.',
  );
}
