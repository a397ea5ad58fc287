/** How a message is sent. */
export interface SendOptions {
  /**
   * Skip this message for clients that are behind, which have unsent bytes. For messages that the next one replaces:
   * positions, cursors, progress. Default `false`.
   */
  volatile?: boolean;
}
