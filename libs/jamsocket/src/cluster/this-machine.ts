import type { ClusterDriver } from './cluster-driver.js';

/** The processes on this machine that run the application on one port. */
export interface Machine {
  /** The cluster of these processes alone. */
  readonly driver: ClusterDriver;
  /** The cluster of the option `cluster`, in which each of these processes is a node. */
  within(cluster: ClusterDriver): ClusterDriver;
}

let machine: Machine | undefined;

/** `startWorkers` sets it in each worker. */
export function setThisMachine(value: Machine | undefined): void {
  machine = value;
}

/** The driver for an application with this option `cluster`. */
export function driverFor(cluster: ClusterDriver | undefined): ClusterDriver | undefined {
  return cluster === undefined ? machine?.driver : (machine?.within(cluster) ?? cluster);
}
