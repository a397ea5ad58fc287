import type { Database } from './databases.js';
import { Victim } from './victim.js';

const program = new URL('./server.js', import.meta.url).pathname;

/** The demo, as it was built. */
export function demoWith(database: Database): Promise<Victim> {
  return Victim.on({
    command: [process.execPath, 'dist/src/main.js'],
    env: { NODE_ENV: 'production', ...database.demoEnv },
    ready: 'Try the rooms at',
  });
}

/** A server whose rooms report more about themselves. */
export function serverWith(database: Database, env: NodeJS.ProcessEnv = {}): Promise<Victim> {
  return Victim.on({
    command: [process.execPath, program],
    env: { NODE_ENV: 'production', STORE: JSON.stringify(database.address), ...env },
    ready: 'it is ready',
  });
}
