import { serveOurs } from './ours.js';

await serveOurs();
