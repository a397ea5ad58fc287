import { basename, dirname, join, relative } from '@angular-devkit/core';
import { MetadataManager, ModuleFinder } from '@nestjs/schematics';

const PACKAGE = 'nestjs-jamsocket';

/** Lists a class in the module nearest to its folder. */
export function listed(tree, { folder, name, ext }, { symbol, file, metadata, above = false }) {
  const module = new ModuleFinder(tree).find({ name, path: above ? dirname(folder) : folder });
  if (!module) return;
  const path = relative(dirname(module), join(folder, file));
  const from = `${path.startsWith('.') ? path : `./${path}`}${ext}`;
  edit(tree, module, metadata, symbol, `import { ${symbol} } from '${from}';`);
}

/** Imports `JamsocketModule.forRoot()` in the root module, unless it is there. */
export function withRooms(tree, { sourceRoot }) {
  const root = join(sourceRoot, 'app.module.ts');
  if (!tree.exists(root) || tree.readText(root).includes('JamsocketModule')) return;
  edit(tree, root, 'imports', 'JamsocketModule.forRoot()', `import { JamsocketModule } from '${PACKAGE}';`);
}

function edit(tree, module, metadata, symbol, line) {
  const content = new MetadataManager(tree.readText(module)).insert(metadata, symbol);
  if (content === undefined) throw new Error(`${basename(module)} has no @Module({ … }) to list ${symbol} in.`);
  const lines = content.split('\n');
  lines.splice(lines.findLastIndex((each) => /^(?:import|\}) .*from ['"]/.test(each)) + 1, 0, line);
  tree.overwrite(module, lines.join('\n'));
}
