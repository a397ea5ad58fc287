/** What the rooms of the server under attack have seen. */
export const counts = {
  connects: 0,
  disconnects: 0,
  messages: 0,
  /** Connects of who was there already, and disconnects of who was not. */
  twice: 0,
  mostBufferedBytes: 0,
  /** Upgrade requests answered with 101. */
  upgrades: 0,
  successors: 0,
};

/** What happened in the mixed rooms, so that a soak shows that it had everything in it. */
export const mixed = {
  texts: 0,
  binaries: 0,
  events: 0,
  volatiles: 0,
  timers: 0,
  failures: 0,
  hangs: 0,
  cutAsSilent: 0,
  closedAsSlow: 0,
};

export type MixedCounts = Readonly<typeof mixed>;
