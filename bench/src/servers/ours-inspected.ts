import { JamsocketInspectorModule } from 'nestjs-jamsocket/inspector';
import { serveOurs } from './ours.js';

await serveOurs([], [JamsocketInspectorModule.forRoot({ guards: [{ canActivate: () => true }] })]);
