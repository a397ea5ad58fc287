/** Whoever the messages of a connection are for. */
export interface ConnectionSink {
  receiveText(text: string): void;
  receiveBinary(bytes: Buffer): void;
  /** All that had come by then was read, and handed over unless it waits for a pause to end. */
  chunkRead(): void;
  /** What was written has not all left. Only those are told whose room decides about volatile messages itself. */
  connectionBehind(): void;
  /** It is not read for now, so heartbeats of the peer would have no answer. Told again and again. */
  connectionUnread(): void;
  /** A close frame is about to go out: what was sent so far should be on its way before it. */
  connectionClosing(): void;
  /** It is about to be closed since it does not read; `connectionClosed` follows. */
  connectionDropped(): void;
  /** Called exactly once; nothing is received after it. */
  connectionClosed(code: number, reason: string): void;
}

/** The sweep that watches over a connection, and its coarse clock. */
export interface Watch<Connection> {
  readonly now: number;
  /** It is not read from now on, until its `isPaused` says otherwise. */
  paused(connection: Connection): void;
  remove(connection: Connection): void;
}

export interface ConnectionLimits {
  readonly maxPayloadBytes: number;
  readonly maxBufferedBytes: number;
  readonly maxPendingAutoPongs: number;
}
