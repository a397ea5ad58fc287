export { JamsocketInspectorModule } from './inspector/inspector.module.js';
export type { JamsocketInspectorOptions } from './inspector/inspector-options.js';
