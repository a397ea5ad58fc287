import { existsSync, readFileSync } from 'node:fs';
import { Tally } from '../crowd.js';

/** The hooks that ran in all processes of a server, which wrote a line for each. */
export class Journal {
  constructor(readonly file: string) {}

  lines(): string[] {
    return existsSync(this.file) ? readFileSync(this.file, 'utf8').split('\n').filter(Boolean) : [];
  }

  /** How often each hook has run, or each kind of start of a room. */
  tally(): Tally {
    const tally = new Tally();
    for (const line of this.lines()) {
      const [hook, what] = line.split(' ');
      tally.add(hook === 'create' ? `create ${what}` : hook);
    }
    return tally;
  }
}
