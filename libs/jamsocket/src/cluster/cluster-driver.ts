import type { Directory } from './directory.js';
import type { Relay } from './relay.js';

/** What a cluster is built on. Each call opens something of its own, which the caller closes. */
export interface ClusterDriver {
  /**
   * Looks at the server, for the log at boot.
   * @throws JamsocketConfigurationError if the server or its settings cannot carry a cluster
   */
  check(): Promise<DriverCheck>;
  openDirectory(): Directory;
  openRelay(): Relay;
}

export interface DriverCheck {
  /** How durable the server is and what is wrong with its settings, in one line. */
  readonly description: string;
  /** How many bytes may be under way to one node, from all others together. */
  readonly maxBytesUnderWay: number;
}
