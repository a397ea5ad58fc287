import { Controller, Get, Header, NotFoundException, Param, StreamableFile } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { ClientScript } from './client-script.js';

/** Resolved by the `imports` of package.json, which works for the sources and the build. */
const FOLDER = dirname(createRequire(import.meta.url).resolve('#public/index.html'));
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};

const PARTS: ReadonlySet<string> = new Set(readdirSync(FOLDER).filter((name) => extname(name) in TYPES));

/** Allows only files of this server: no inline scripts or styles, no other hosts, and no frames around the page. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** A page for trying the rooms. Its files are read for each request, so that edits show at once. */
@Controller()
export class PageController {
  private readonly start = randomUUID();

  constructor(private readonly client: ClientScript) {}

  @Get()
  @Header('Content-Security-Policy', POLICY)
  page(): Promise<StreamableFile> {
    return fileAt(join(FOLDER, 'index.html'));
  }

  @Get('page/:name')
  @Header('X-Content-Type-Options', 'nosniff')
  part(@Param('name') name: string): Promise<StreamableFile> {
    if (!PARTS.has(name)) throw new NotFoundException(`The page has no file "${name}".`);
    return fileAt(join(FOLDER, name));
  }

  /** Differs for each start of the application. The page asks for it to tell a restart from a lost connection. */
  @Get('server-start')
  @Header('Cache-Control', 'no-store')
  serverStart(): string {
    return this.start;
  }

  @Get('client.js')
  @Header('X-Content-Type-Options', 'nosniff')
  async clientScript(): Promise<StreamableFile> {
    try {
      return await fileAt(this.client.path);
    } catch {
      throw new NotFoundException('The client is not built: run "npm run build:client".');
    }
  }
}

async function fileAt(path: string): Promise<StreamableFile> {
  return new StreamableFile(await readFile(path), { type: TYPES[extname(path)] });
}
