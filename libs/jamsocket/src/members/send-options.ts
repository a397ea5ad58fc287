/** How a message is sent. */
export interface SendOptions {
  /**
   * A client that has not taken what it was sent before goes without this message. For what the next message makes
   * worthless anyway: positions, cursors, progress. Default `false`.
   */
  volatile?: boolean;
}
