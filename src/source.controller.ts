import { Controller, Get, Header, NotFoundException, Param } from '@nestjs/common';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Beside the page's files, which the `imports` of package.json find for the sources and the build. */
const FOLDER = join(dirname(createRequire(import.meta.url).resolve('#public/index.html')), '..', 'src', 'rooms');
const NAME = /^[a-z-]+\.(?:room|contract|guard)\.ts$/;

/** The sources of the rooms, which the page shows beside them. */
@Controller('source')
export class SourceController {
  @Get(':name')
  @Header('Content-Type', 'text/plain; charset=utf-8')
  @Header('X-Content-Type-Options', 'nosniff')
  async source(@Param('name') name: string): Promise<string> {
    try {
      if (NAME.test(name)) return await readFile(join(FOLDER, name), 'utf8');
    } catch {
      // A build may be deployed without the sources.
    }
    throw new NotFoundException(`There is no room in a file "${name}".`);
  }
}
