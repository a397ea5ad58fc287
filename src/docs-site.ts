import { Injectable } from '@nestjs/common';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Folder of the documentation site, which `npm run docs` creates. */
@Injectable()
export class DocsSite {
  /** Resolved by the `imports` of package.json, which works for the sources and the build. */
  readonly folder: string = join(dirname(createRequire(import.meta.url).resolve('#website/package.json')), 'dist');
}
