import { Injectable } from '@nestjs/common';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Where the built client is: `npm run build:client` makes it. */
@Injectable()
export class ClientScript {
  /** Found by the `imports` of package.json, from the sources and from the build alike. */
  readonly path: string = join(
    dirname(createRequire(import.meta.url).resolve('#client/package.json')),
    'dist',
    'index.js',
  );
}
