/**
 * Carries bytes from node to node. It may lose messages: `NodeLinks`, through which nodes use it, numbers them and sends
 * lost ones again.
 *
 * An implementation
 * - MUST deliver a message as a whole, unchanged, and to no other node.
 * - MUST keep the order of the messages from one node to another, except around a loss.
 * - MUST deliver messages that a node sends to itself, in the same way as those of other nodes: a node checks with them
 *   whether it still receives.
 * - MUST carry messages of up to `MAX_RELAY_BYTES`, and any bytes in them.
 * - MUST try to connect again, forever, whenever it loses its connection.
 * - MUST drop messages while it is not connected, and MUST NOT send them later: nodes have sent them again by then.
 * - MUST NOT call `receive` before `send` returns, and MUST NOT call it after `close`.
 * - MUST NOT change the bytes, and MUST NOT throw from `send` or `reconnect`.
 * - MUST NOT let an internal failure escape as an unhandled rejection or exception.
 * - MAY lose messages, and MAY deliver one twice.
 *
 * `describeRelay` of `nestjs-jamsocket/testing` checks this.
 */
export interface Relay {
  /**
   * Begins to receive what is sent to `node`. Called once. Resolves when the node receives, which can take any time.
   * @param node letters, digits, `_` and `-`, up to 64 characters
   * @param receive gets the bytes of each message, which are its own
   */
  open(node: string, receive: (bytes: Buffer) => void): Promise<void>;

  /** Sends a message to a node, which need not exist. The caller does not change the bytes afterwards. */
  send(node: string, bytes: Buffer): void;

  /** Drops the connection it receives on, and opens another: this node has heard nothing of itself for too long. */
  reconnect(): void;

  /** Closes what the relay opened itself. */
  close(): Promise<void>;
}

/** Larger messages gained nothing with Redis (measured). */
export const MAX_RELAY_BYTES = 65_536;
