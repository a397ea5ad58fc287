import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const PAGE = /^[\w-]+\.md$/;
const HEADING = /^## (.*)$/;
const ITEM = /^- \[([^\]]+)\]\(([\w-]+\.md)\)(.*)$/;

/** Stands in for the site until it is built: says how to build it, and lists the pages as they are on the disk. */
export async function indexOf(folder: string): Promise<string> {
  const lines = (await readFile(join(folder, 'README.md'), 'utf8')).split('\n');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Documentation of nestjs-jamsocket</title>
<body style="margin: 3rem auto; max-width: 40rem; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif">
<h1>Documentation</h1>
<p>To read it as a site, with search and the API reference, run <code>npm run docs</code> in the folder of the
repository. It takes a minute or two. Then load this page again.</p>
<p>These are its pages, as Markdown:</p>
${lines.map(lineOf).join('')}`;
}

/** @returns the Markdown of a page, or `undefined` if there is none with this name */
export async function pageOf(folder: string, name: string): Promise<string | undefined> {
  if (!PAGE.test(name)) return undefined;
  return readFile(join(folder, name), 'utf8').catch(() => undefined);
}

function lineOf(line: string): string {
  const [, heading] = HEADING.exec(line) ?? [];
  if (heading !== undefined) return `<h2>${heading}</h2>\n`;
  const [, title, file, about] = ITEM.exec(line) ?? [];
  // The rest of a line may have links of its own; their text is enough here.
  const text = about?.replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1').replaceAll('`', '');
  return file === undefined ? '' : `<p><a href="${file}">${title}</a>${text}</p>\n`;
}
