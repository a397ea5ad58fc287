import { apply, applyTemplates, chain, filter, mergeWith, move, noop, url } from '@angular-devkit/schematics';
import { listed, withRooms } from '../modules.js';
import { targetOf } from '../project.js';

/** `nest g -c nestjs-jamsocket room chat` */
export function room(options) {
  return (tree) => {
    const target = targetOf(options, tree);
    return chain([roomFiles(target, options), options.skipImport ? noop() : (host) => listedRoom(host, target)]);
  };
}

/** The room and its spec. */
export function roomFiles(target, { spec = true }) {
  return mergeWith(
    apply(url('../room/files'), [
      spec ? noop() : filter((path) => !path.includes('__spec__')),
      applyTemplates(target),
      move(target.folder),
    ]),
  );
}

function listedRoom(tree, target) {
  listed(tree, target, { symbol: `${target.className}Room`, file: `${target.name}.room`, metadata: 'providers' });
  withRooms(tree, target);
}
