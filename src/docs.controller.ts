import { Controller, Get, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { existsSync } from 'node:fs';
import { indexOf, pageOf } from './docs-on-disk.js';
import { DocsSite } from './docs-site.js';

/** The site has small inline scripts and styles of its own. Nothing comes from other hosts. */
const POLICY = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-inline'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The documentation, at /docs/: the site that `npm run docs` builds, or else its pages as Markdown. */
@Controller('docs')
export class DocsController {
  constructor(private readonly site: DocsSite) {}

  @Get(['', '*path'])
  async file(@Req() request: Request, @Res() response: Response): Promise<void> {
    if (request.path === '/docs') return response.redirect(308, '/docs/');
    response.set({ 'Content-Security-Policy': POLICY, 'X-Content-Type-Options': 'nosniff' });
    const name = request.path.slice('/docs/'.length);
    if (!existsSync(this.site.folder)) return this.fromDisk(name, response);
    const root = this.site.folder;
    response.sendFile(decodeURIComponent(name || 'index.html'), { root }, (error) => {
      if (error && !response.headersSent) response.status(404).sendFile('404.html', { root });
    });
  }

  private async fromDisk(name: string, response: Response): Promise<void> {
    // A link to a page of the site: its file on the disk has another ending.
    const page = await pageOf(this.site.pages, name.replace(/\.html$/, '.md'));
    if (page !== undefined) return void response.type('text/plain').send(page);
    response.status(name === '' ? 200 : 404).type('html');
    response.send(await indexOf(this.site.pages));
  }
}
