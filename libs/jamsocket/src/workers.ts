export { startWorkers, type Workers } from './workers/start-workers.js';
export type { WorkersOptions } from './workers/workers-options.js';
