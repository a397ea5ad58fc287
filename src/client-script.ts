import { Injectable } from '@nestjs/common';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Path of the built client, which `npm run build:client` creates. */
@Injectable()
export class ClientScript {
  /** Resolved by the `imports` of package.json, which works for the sources and the build. */
  readonly path: string = join(
    dirname(createRequire(import.meta.url).resolve('#client/package.json')),
    'dist',
    'index.js',
  );
}
