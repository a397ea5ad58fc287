import { Controller, Get, Header } from '@nestjs/common';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

/** Found by the `imports` of package.json, from the sources and from the build alike. */
const PAGE = createRequire(import.meta.url).resolve('#public/index.html');

/** The page to try the rooms with. It is one file, read anew for each visit, so that edits show at once. */
@Controller()
export class PageController {
  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  page(): Promise<string> {
    return readFile(PAGE, 'utf8');
  }
}
