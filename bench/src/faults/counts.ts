/** Counts of the rooms of the server under attack. */
export const counts = {
  connects: 0,
  disconnects: 0,
  messages: 0,
  /** Connects of clients already in the room, and disconnects of clients not in it. */
  twice: 0,
  mostBufferedBytes: 0,
  /** Upgrade requests answered with 101. */
  upgrades: 0,
  successors: 0,
};

/** Events of the mixed rooms: a soak must have had each of them. */
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
