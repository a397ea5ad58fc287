// Puts the library's build where the servers here find it, as `npm install` of its package would: beside the
// dependencies it shares with them. A link would give it a second copy of Nest.
import { cpSync, existsSync, rmSync } from 'node:fs';

const from = new URL('../libs/jamsocket/', import.meta.url);
const to = new URL('./node_modules/nestjs-jamsocket/', import.meta.url);
if (!existsSync(new URL('dist/index.js', from))) throw new Error('The library is not built: npm run build:lib');
rmSync(to, { recursive: true, force: true });
cpSync(new URL('dist/', from), new URL('dist/', to), { recursive: true });
cpSync(new URL('inspector-page/', from), new URL('inspector-page/', to), { recursive: true });
cpSync(new URL('package.json', from), new URL('package.json', to));
