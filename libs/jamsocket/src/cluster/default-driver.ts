import type { ClusterDriver } from './cluster-driver.js';

let driver: ClusterDriver | undefined;

/** The cluster of applications in this process that have no `cluster` option. `startWorkers` sets it in each worker. */
export function setDefaultDriver(value: ClusterDriver | undefined): void {
  driver = value;
}

export function defaultDriver(): ClusterDriver | undefined {
  return driver;
}
