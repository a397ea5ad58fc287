import type { JamsocketOptions } from 'nestjs-jamsocket';
import { serveOurs } from './ours.js';

/** Options as JSON: the heartbeats of idle connections are measured with short intervals. */
await serveOurs([], [], JSON.parse(process.env.OPTIONS ?? '{}') as JamsocketOptions);
