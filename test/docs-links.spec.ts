import { expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const PAGES = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
const TEXTS = ['README.md', 'CONTRIBUTING.md', 'bench/notes.md', ...PAGES.map((name) => `docs/${name}`)];

it('every link leads to a file, and to a heading that the file has', () => {
  const links = TEXTS.flatMap((from) => linksOf(from).map((link) => ({ from, ...link })));
  expect(links.length).toBeGreaterThan(200);
  const isBroken = ({ file, anchor }: { file: string; anchor?: string }) =>
    !existsSync(join(ROOT, file)) || (anchor !== undefined && !anchorsOf(file).includes(anchor));
  expect(links.filter(isBroken)).toEqual([]);
});

it('every picture is used, and is small', () => {
  const images = readdirSync(join(ROOT, 'docs/images')).map((name) => `docs/images/${name}`);
  const used = new Set(TEXTS.flatMap((from) => linksOf(from).map(({ file }) => file)));
  expect(images.filter((image) => !used.has(image))).toEqual([]);
  expect(images.filter((image) => statSync(join(ROOT, image)).size > 150_000)).toEqual([]);
});

it('docs/README.md lists every page once, and the site takes its order from there', () => {
  const listed = linksOf('docs/README.md').map(({ file }) => file);
  const pages = PAGES.filter((name) => name !== 'README.md').map((name) => `docs/${name}`);
  expect(listed.sort()).toEqual(pages.sort());
});

it('docs/errors.md has every code of an error, a refusal and the client', () => {
  const codes = [
    ...codesIn('libs/jamsocket/src/base/errors.ts', 'JamsocketErrorCode', 'RefusalCode'),
    ...codesIn('libs/jamsocket/src/durable/durable-error.ts', 'DurableErrorCode'),
    ...codesIn('libs/jamsocket/src/store/store-error.ts', 'StoreErrorCode'),
    ...codesIn('libs/client/src/errors.ts', 'RoomErrorCode'),
  ];
  expect(codes.length).toBeGreaterThan(40);
  expect(missingFrom('docs/errors.md', codes)).toEqual([]);
});

it('docs/reference.md has every option and every decorator', () => {
  const options = read('libs/jamsocket/src/options/options.ts');
  const names = ['RoomLimits', 'Limits', 'DurableRoomOptions', 'RoomOptions', 'JamsocketOptions'].flatMap((type) => {
    const [, body] = new RegExp(`export interface ${type} (?:extends \\w+ )?\\{\n(.*?)^\\}`, 'ms').exec(options)!;
    return [...body.matchAll(/^ {2}(\w+)\??:/gm)].map(([, name]) => name);
  });
  expect(names.length).toBeGreaterThan(30);
  const [, list] = /export \{([^}]*)\} from '\.\/decorators\/handler\.decorators\.js'/.exec(
    read('libs/jamsocket/src/index.ts'),
  )!;
  const decorators = [...list.matchAll(/\w+/g)].map(([name]) => `@${name}`);
  expect(missingFrom('docs/reference.md', [...names, ...decorators])).toEqual([]);
});

/** Links of a page to other files of the repository, and to headings of its own. */
function linksOf(from: string): { file: string; anchor?: string }[] {
  const text = withoutCode(read(from));
  const inMarkdown = [...text.matchAll(/\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)/g)];
  const pictures = [...text.matchAll(/ (?:src|srcset)="([^"]+)"/g)];
  return [...inMarkdown, ...pictures].map(([, path, anchor]) => ({
    file: path === '' ? from : normalize(join(dirname(from), path)),
    ...(anchor !== undefined && { anchor }),
  }));
}

/** As GitHub makes them of headings. */
function anchorsOf(file: string): string[] {
  return [...withoutCode(read(file)).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function withoutCode(markdown: string): string {
  return markdown.replace(/^ *```.*?^ *```$/gms, '');
}

function codesIn(file: string, ...types: string[]): string[] {
  return types.flatMap((type) => {
    const [, union] = new RegExp(`export type ${type} =(.*?);\n`, 's').exec(read(file))!;
    return [...union.matchAll(/^[^*'\n]*'(\w+)'|\| '(\w+)'/gm)].map(([, first, other]) => first ?? other);
  });
}

function missingFrom(page: string, words: readonly string[]): string[] {
  const text = read(page);
  return words.filter((word) => !new RegExp(`[\`.]${word}\\b`).test(text));
}
