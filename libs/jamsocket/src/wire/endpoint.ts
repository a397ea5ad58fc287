/** Milliseconds a peer may take to end the connection behind a close frame before its socket is destroyed. */
export const CLOSE_TIMEOUT_MS = 5_000;

/** Our end of a connection as RFC 6455 knows it: its state, and what is not a message. */
export interface Endpoint {
  /** No close frame has gone either way, and the socket has not ended. */
  readonly isOpen: boolean;
  ping(): void;
  pause(): void;
  resume(): void;
  /** Cuts the connection without a closing handshake. */
  terminate(): void;
}

/** Whom an endpoint tells what happens. */
export interface EndpointOwner {
  receiveText(text: string): void;
  receiveBinary(bytes: Buffer): void;
  /** Before a close frame goes out. */
  closing(): void;
  /** The peer has broken the protocol; the close follows. */
  failed(): void;
  /** The socket has closed. */
  closed(code: number, reason: string): void;
}
