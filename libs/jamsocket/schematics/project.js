import { join, normalize, strings } from '@angular-devkit/core';
import { NameParser } from '@nestjs/schematics';

/** What the templates need to know: the name, where the files go, and how this project imports and tests. */
export function targetOf(options, tree) {
  const sourceRoot = normalize(options.sourceRoot ?? 'src');
  const location = new NameParser().parse({ name: options.name, path: join(sourceRoot, options.path ?? '') });
  const name = strings.dasherize(location.name);
  const { type, devDependencies, dependencies } = JSON.parse(tree.readText('package.json'));
  return {
    name,
    sourceRoot,
    folder: options.flat ? location.path : join(location.path, name),
    className: strings.classify(name),
    isEsm: type === 'module',
    /** Ending of relative imports. */
    ext: type === 'module' ? '.js' : '',
    isVitest: { ...dependencies, ...devDependencies }.vitest !== undefined,
    spec: 'spec',
  };
}
