/** Milliseconds that a peer may take to end the connection after a close frame; then its socket is destroyed. */
export const CLOSE_TIMEOUT_MS = 5_000;

/** Our end of a connection in terms of RFC 6455: its state, and everything except messages. */
export interface Endpoint {
  /** No close frame was sent or received, and the socket has not ended. */
  readonly isOpen: boolean;
  ping(): void;
  pause(): void;
  resume(): void;
  /** Cuts the connection without a closing handshake. */
  terminate(): void;
}

/** Receives the events of an endpoint. */
export interface EndpointOwner {
  /** @param bytes length of the text in UTF-8 */
  receiveText(text: string, bytes: number): void;
  receiveBinary(bytes: Buffer): void;
  /** Before a close frame goes out. */
  closing(): void;
  /** The peer has broken the protocol; the close follows. */
  failed(): void;
  /** The socket has closed. */
  closed(code: number, reason: string): void;
}
