/** One bound that was checked in a real run. */
export interface Row {
  readonly what: string;
  readonly bound: string;
  readonly measured: string;
  readonly isMet: boolean;
}

/** Options of the command line. */
export interface Settings {
  readonly soakMinutes: number;
  /** Seed of the random numbers in faults of durable rooms. */
  readonly seed: number;
  /** Rounds of faults of durable rooms. Default: each fault has its own number. */
  readonly count?: number;
  /** A fault of durable rooms ends after this time, even with fewer rounds. */
  readonly minutes: number;
}

/** A fault of a client, a handler or the network, and the bounds that must hold. */
export interface Fault {
  readonly name: string;
  readonly title: string;
  run(settings: Settings): Promise<Row[]>;
}

/** A row for a figure that must not be greater than its bound. */
export function atMost(what: string, measured: number, bound: number, unit: string): Row {
  return { what, bound: `≤ ${shown(bound)} ${unit}`, measured: `${shown(measured)} ${unit}`, isMet: measured <= bound };
}

/** A row for a count that must not be smaller than its bound. */
export function atLeast(what: string, measured: number, bound: number): Row {
  return { what, bound: `≥ ${shown(bound)}`, measured: shown(measured), isMet: measured >= bound };
}

/** A row for a figure that must have exactly this value. */
export function exactly(what: string, measured: number | string, bound: number | string): Row {
  return { what, bound: String(bound), measured: String(measured), isMet: measured === bound };
}

export const MIB = 1024 * 1024;

function shown(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString('en-US') : String(Number(value.toPrecision(3)));
}
