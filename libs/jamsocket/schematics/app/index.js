import { apply, applyTemplates, chain, mergeWith, move, url } from '@angular-devkit/schematics';
import { NodePackageInstallTask } from '@angular-devkit/schematics/tasks/index.js';
import { readFileSync } from 'node:fs';
import { listed, withRooms } from '../modules.js';
import { targetOf } from '../project.js';
import { roomFiles } from '../room/index.js';

/** `nest g -c nestjs-jamsocket app` */
export function app(options) {
  return (tree) => {
    const target = targetOf({ ...options, name: options.name ?? 'chat' }, tree);
    const page = mergeWith(apply(url('../app/files'), [applyTemplates(target), move(target.folder)]));
    return chain([roomFiles(target, options), page, (host) => listedModule(host, target), withClient]);
  };
}

function listedModule(tree, target) {
  const { className, name } = target;
  listed(tree, target, { symbol: `${className}Module`, file: `${name}.module`, metadata: 'imports', above: true });
  withRooms(tree, target);
}

/** The page needs the client's package, in the version of this one. */
function withClient(tree, context) {
  const project = JSON.parse(tree.readText('package.json'));
  if (project.dependencies?.['jamsocket-client'] !== undefined) return;
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const dependencies = Object.entries({ ...project.dependencies, 'jamsocket-client': `^${version}` }).sort(
    ([a], [b]) => (a < b ? -1 : 1),
  );
  const text = JSON.stringify({ ...project, dependencies: Object.fromEntries(dependencies) }, null, 2);
  tree.overwrite('package.json', `${text}\n`);
  context.addTask(new NodePackageInstallTask());
}
