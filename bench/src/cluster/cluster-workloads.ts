import { WORKLOADS, type ClosedLoop, type Paced, type Workload } from '../workloads.js';

/** Long enough for CPU times, which are counted in steps of 10 ms. */
const STEADY = { warmUpMs: 1_000, measureMs: 2_500 };

function named<T extends Workload>(name: string): T {
  return { ...(WORKLOADS.find((workload) => workload.name === name) as T), ...STEADY };
}

/** A workload, and whether the bars of a cluster hold for it: they are about 100 clients on one edge. */
export interface Measured {
  readonly workload: ClosedLoop | Paced;
  readonly title: string;
  readonly hasBar: boolean;
}

const fanOut: ClosedLoop = { ...named<ClosedLoop>('fan-out'), name: 'fan-out-100', clientsPerRoom: 100 };
const paced = named<Paced>('paced-20');

export const FAN_OUT_100 = fanOut;
export const CHATTY = named<ClosedLoop>('chatty');

/**
 * In a closed loop a faster server gets more messages at a time, and needs fewer writes for each: so two of these are paced,
 * which gives both sides the same messages.
 */
export const CLUSTER_WORKLOADS: readonly Measured[] = [
  { workload: fanOut, title: 'fan-out: 1 sender, 32 in flight, to 100', hasBar: true },
  { workload: CHATTY, title: 'chatty: 100 clients, 8 in flight each, to all', hasBar: true },
  {
    workload: { ...paced, name: 'fan-out-paced', ratePerClient: 1_000, senders: 1 },
    title: 'paced fan-out: 1 sender, 1,000/s, to 100',
    hasBar: true,
  },
  {
    workload: { ...paced, name: 'chatty-paced' },
    title: 'paced chatty: 100 clients, 20/s each, to all',
    hasBar: true,
  },
  {
    workload: named<ClosedLoop>('fan-out'),
    title: 'fan-out: 1 sender, 32 in flight, to 1,000',
    hasBar: false,
  },
  { workload: named<ClosedLoop>('echo'), title: 'echo: 100 clients ping-pong', hasBar: false },
];
