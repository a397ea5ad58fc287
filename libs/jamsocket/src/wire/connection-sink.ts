/** Receives the messages and events of a connection. */
export interface ConnectionSink {
  /** @param bytes length of the text in UTF-8 */
  receiveText(text: string, bytes: number): void;
  receiveBinary(bytes: Buffer): void;
  /** A chunk is parsed, and messages of it were delivered. The rest may be held until the connection resumes. */
  chunkRead(): void;
  /** Bytes are still buffered. Called only for connections with `keepsVolatile`. */
  connectionBehind(): void;
  /**
   * Nothing was sent to the peer for a while: show it that the server is alive. Called only after `startBeats`.
   * @returns an acknowledgement that stays true until the peer sends a message: then the connection beats on its own
   */
  connectionQuiet(): string | undefined;
  /** Called repeatedly while the connection is paused: the peer's heartbeats are not read, so they need another answer. */
  connectionUnread(): void;
  /** A close frame is about to go out: write everything sent so far before it. */
  connectionClosing(): void;
  /** The connection is about to be closed because its peer does not read; `connectionClosed` follows. */
  connectionDropped(): void;
  /** Called exactly once; nothing is received after it. */
  connectionClosed(code: number, reason: string): void;
}

/** What a connection uses of its heartbeat: its coarse clock and its sweep. */
export interface Watch<Connection> {
  readonly now: number;
  /** The connection gets beats instead of pings. */
  startBeats(connection: Connection): void;
  /** The connection is not read until its `isPaused` is false. */
  paused(connection: Connection): void;
  remove(connection: Connection): void;
}

export interface ConnectionLimits {
  readonly maxPayloadBytes: number;
  readonly maxBufferedBytes: number;
  readonly maxPendingAutoPongs: number;
}
