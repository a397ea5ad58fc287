// Puts the builds of the library and the client where the servers and the loads here find them, as `npm install` of
// their packages would: beside the dependencies they share with them. A link would give the library a second copy of Nest.
import { cpSync, existsSync, rmSync } from 'node:fs';

install('jamsocket', 'nestjs-jamsocket', 'npm run build:lib', ['dist/', 'inspector-page/', 'package.json']);
install('client', 'jamsocket-client', 'npm run build:client', ['dist/', 'package.json']);

function install(folder, name, command, files) {
  const from = new URL(`../libs/${folder}/`, import.meta.url);
  const to = new URL(`./node_modules/${name}/`, import.meta.url);
  if (!existsSync(new URL('dist/index.js', from))) throw new Error(`${name} is not built: ${command}`);
  rmSync(to, { recursive: true, force: true });
  for (const file of files) cpSync(new URL(file, from), new URL(file, to), { recursive: true });
}
