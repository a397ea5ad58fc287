import { load } from './parts.js';

await load(import.meta.filename);
