import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { JamsocketConfigurationError } from '../base/errors.js';

const PAGE = 'index.html';
const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
};

export interface PageFile {
  readonly type: string;
  readonly text: string;
  readonly etag: string;
}

/** The files of the page. They are read for each request, so that edits show at once. */
export class PageFiles {
  readonly #folder = findFolder();
  /** Only files that existed at boot are opened, whatever a request names. */
  readonly #names: ReadonlySet<string> = new Set(readdirSync(this.#folder).filter((name) => extname(name) in TYPES));

  /** Replaces `%BASE%` by the path of the page, without a slash at the end. */
  async page(base: string): Promise<string> {
    const html = await readFile(join(this.#folder, PAGE), 'utf8');
    return html.replaceAll('%BASE%', () => escapeHtml(base));
  }

  async asset(name: string): Promise<PageFile | undefined> {
    if (!this.#names.has(name)) return undefined;
    const text = await readFile(join(this.#folder, name), 'utf8');
    const etag = `"${createHash('sha256').update(text).digest('base64url')}"`;
    return { type: TYPES[extname(name)], text, etag };
  }
}

/** Resolved by the `imports` of package.json, which works for the sources, the package and a build. */
function findFolder(): string {
  try {
    return dirname(createRequire(import.meta.url).resolve(`#inspector-page/${PAGE}`));
  } catch (error) {
    throw new JamsocketConfigurationError(
      'JamsocketInspectorModule cannot find its page, the folder inspector-page of the package nestjs-jamsocket. If the application is ' +
        `bundled, exclude the package from the bundle. (${error instanceof Error ? error.message : String(error)})`,
    );
  }
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
