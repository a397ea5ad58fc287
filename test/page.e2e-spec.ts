import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { buildClient, type BuiltClient } from './support/built-client.js';
import { startDemo } from './support/demo-app.js';

/** What a page or a module of it loads, except types in comments. */
const REFERENCE = /(?:src|href)="(page\/[^"]+)"|^(?!\/\*\*).*from '([^']+)'/gm;

describe('the page', () => {
  let client: BuiltClient;
  let demo: Awaited<ReturnType<typeof startDemo>>;
  let folder: string;
  beforeAll(async () => {
    client = await buildClient();
    folder = await mkdtemp(join(tmpdir(), 'jamsocket-docs-'));
    const site = join(folder, 'site');
    await mkdir(join(site, 'assets'), { recursive: true });
    await Promise.all([
      writeFile(join(site, 'index.html'), 'the index'),
      writeFile(join(site, '404.html'), 'no such page'),
      writeFile(join(site, 'assets', 'a.css'), ''),
      writeFile(join(folder, 'secret.html'), 'a secret'),
    ]);
    demo = await startDemo({ client, docs: { folder: site, pages: 'docs' } });
  });
  afterAll(async () => {
    await demo.close();
    await client.remove();
    await rm(folder, { recursive: true });
  });

  it('is at /, whatever folder the app was started in', async () => {
    const folder = process.cwd();
    process.chdir('/');
    try {
      const { status, text, headers } = await request(demo.http).get('/').buffer();
      expect(status).toBe(200);
      expect(headers['content-type']).toBe('text/html; charset=utf-8');
      expect(text).toContain('<title>nestjs-jamsocket</title>');
    } finally {
      process.chdir(folder);
    }
  });

  it('runs nothing but scripts of its own server', async () => {
    const { headers, text } = await request(demo.http).get('/');
    expect(headers['content-security-policy']).toContain("script-src 'self'");
    expect(text).not.toMatch(/<script(?![^>]* src=)|<style| style=| on[a-z]+=/);
  });

  it('finds everything that it and its modules refer to', async () => {
    const seen = new Set<string>(['/']);
    for (const path of seen) {
      const { status, text, body } = await request(demo.http).get(path);
      expect({ path, status }).toEqual({ path, status: 200 });
      const source = text ?? String(body);
      for (const [, inPage, inModule] of source.matchAll(REFERENCE))
        seen.add(new URL(inPage ?? inModule, demo.http + path).pathname);
    }
    expect([...seen]).toEqual(
      expect.arrayContaining(['/page/page.css', '/page/main.js', '/page/pane.js', '/client.js']),
    );
  });

  it('has the documentation at /docs/, and no other file', async () => {
    const api = request(demo.http);
    expect((await api.get('/docs').expect(308)).headers.location).toBe('/docs/');
    const { headers } = await api.get('/docs/').expect(200, 'the index');
    expect(headers['content-type']).toMatch(/^text\/html/);
    expect(headers['content-security-policy']).toContain("default-src 'self'");
    expect((await api.get('/docs/assets/a.css').expect(200)).headers['content-type']).toMatch(/^text\/css/);
    for (const path of ['none.html', '..%2Fsecret.html', '%2e%2e/secret.html', '..%5Csecret.html', 'assets'])
      await api.get(`/docs/${path}`).expect(404, 'no such page');
  });

  it('has the client as the build made it', async () => {
    const { headers, text } = await request(demo.http).get('/client.js');
    expect(headers['content-type']).toBe('text/javascript; charset=utf-8');
    expect(text).toBe(await readFile(client.path, 'utf8'));
  });

  it('kills no process that nothing would start again, and none for another site', async () => {
    const api = request(demo.http);
    await api.get('/kill').expect(200, { isPossible: false });
    await api.post('/kill').set('X-Demo', 'kill').expect(403);
  });

  it('has the sources of the rooms, and no other file', async () => {
    const api = request(demo.http);
    for (const name of ['board.room.ts', 'board.contract.ts', 'members.guard.ts']) {
      const { headers } = await api.get(`/source/${name}`).expect(200, await readFile(`src/rooms/${name}`, 'utf8'));
      expect(headers['content-type']).toBe('text/plain; charset=utf-8');
    }
    for (const name of ['board.room.spec.ts', 'none.room.ts', '..%2Fmain.ts', '..%2F..%2Fpackage.json', 'chat'])
      await api.get(`/source/${name}`).expect(404);
  });

  it.each([
    'tsconfig.json',
    'nothing.js',
    '..%2Fpackage.json',
    '%2e%2e%2fpackage.json',
    '..%5Cpackage.json',
    '..%2Fpublic%2Fmain.js',
  ])('has no file "%s"', async (name) => {
    const { status } = await request(demo.http).get(`/page/${name}`);
    expect(status).toBe(404);
  });

  it('says what to do if the client is not built, and has the documentation as Markdown if its site is not', async () => {
    const missing = `${client.path}.missing`;
    const bare = await startDemo({ client: { path: missing }, docs: { folder: missing, pages: 'docs' } });
    try {
      const api = request(bare.http);
      const { status, body } = await api.get('/client.js');
      expect([status, body.message]).toEqual([404, 'The client is not built: run "npm run build:client".']);
      const { text } = await api.get('/docs/').expect(200);
      expect(text).toContain('run <code>npm run docs</code>');
      const pages = [...text.matchAll(/href="([^"]+)"/g)].map(([, page]) => page);
      expect(pages).toHaveLength((await readdir('docs')).filter((name) => name.endsWith('.md')).length - 1);
      for (const page of pages) await api.get(`/docs/${page}`).expect(200, await readFile(`docs/${page}`, 'utf8'));
      await api.get('/docs/start.html').expect(200, await readFile('docs/start.md', 'utf8'));
      for (const name of ['none.html', '..%2FREADME.md', 'images', 'grafana-dashboard.json'])
        expect((await api.get(`/docs/${name}`).expect(404)).text).toContain('run <code>npm run docs</code>');
    } finally {
      await bare.close();
    }
  });
});
