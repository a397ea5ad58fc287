// Runs schematics of the package, each in a project of its own. Standard input has an array of `{ name, options, files }`
// as JSON, standard output gets `{ files, tasks }` of each. A program of its own, since the runner loads ES modules with
// `require`, which jest cannot.
import { HostTree } from '@angular-devkit/schematics';
import { SchematicTestRunner, UnitTestTree } from '@angular-devkit/schematics/testing/index.js';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const COLLECTION = join(import.meta.dirname, '..', '..', 'libs', 'jamsocket', 'schematics', 'collection.json');

const results = [];
for (const { name, options, files } of JSON.parse(readFileSync(0, 'utf8'))) {
  const project = new UnitTestTree(new HostTree());
  for (const [path, text] of Object.entries(files)) project.create(path, text);
  const runner = new SchematicTestRunner('nestjs-jamsocket', COLLECTION);
  const tree = await runner.runSchematic(name, options, project);
  results.push({
    files: Object.fromEntries(tree.files.map((path) => [path, tree.readContent(path)])),
    tasks: runner.tasks.map((task) => task.name),
  });
}
process.stdout.write(JSON.stringify(results));
