import { Controller, Get, Header } from '@nestjs/common';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The page to try the rooms with. It is one file, read anew for each visit, so that edits show at once. */
@Controller()
export class PageController {
  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  page(): Promise<string> {
    return readFile(join(process.cwd(), 'public', 'index.html'), 'utf8');
  }
}
