import { Controller, Get, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { existsSync } from 'node:fs';
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

const NOT_BUILT = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Documentation</title>
<body style="margin: 3rem auto; max-width: 40rem; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif">
<h1>The documentation is not built</h1>
<p>Run <code>npm run docs</code> in the folder of the repository, then load this page again.
It takes a minute or two. The same pages are in the folder <code>docs</code>, as Markdown.</p>
`;

/** The documentation, at /docs/: files of the site that `npm run docs` builds. */
@Controller('docs')
export class DocsController {
  constructor(private readonly site: DocsSite) {}

  @Get(['', '*path'])
  file(@Req() request: Request, @Res() response: Response): void {
    if (request.path === '/docs') return response.redirect(308, '/docs/');
    response.set({ 'Content-Security-Policy': POLICY, 'X-Content-Type-Options': 'nosniff' });
    const root = this.site.folder;
    if (!existsSync(root)) return void response.status(404).type('html').send(NOT_BUILT);
    const name = request.path.slice('/docs/'.length) || 'index.html';
    response.sendFile(decodeURIComponent(name), { root }, (error) => {
      if (error && !response.headersSent) response.status(404).sendFile('404.html', { root });
    });
  }
}
