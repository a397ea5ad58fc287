/** What has gone over the links of a node, all frames included. */
export class LinkCounts {
  framesSent = 0;
  bytesSent = 0;
  framesReceived = 0;
  bytesReceived = 0;
  /** Frames that were missed and sent again. */
  gaps = 0;
  /** How often this node did not hear itself and connected again. */
  reconnects = 0;
}
