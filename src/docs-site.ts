import { Injectable } from '@nestjs/common';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Resolved by the `imports` of package.json, which works for the sources and the build. */
const WEBSITE = dirname(createRequire(import.meta.url).resolve('#website/package.json'));

/** Folders of the documentation. */
@Injectable()
export class DocsSite {
  /** The site, which `npm run docs` creates. */
  readonly folder: string = join(WEBSITE, 'dist');
  /** The pages it is made of, as Markdown. */
  readonly pages: string = join(WEBSITE, '..', 'docs');
}
