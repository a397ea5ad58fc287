import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What an instance of a room has noted. */
export interface Note {
  readonly what: 'begins' | 'ends' | 'twice';
  readonly instance: string;
  readonly pid: number;
}

/**
 * Sees from outside of the library whether a room has two instances at the same time. Each instance notes its begin and its end
 * in a file of its room. The system appends one line after the other, so of two instances one sees the other's begin.
 */
export class Witness {
  constructor(
    private readonly folder: string,
    private readonly room: string,
    private readonly instance: string,
  ) {}

  begins(): void {
    this.#note('begins');
    const notes = notesIn(this.folder, this.room);
    const before = notes.slice(
      0,
      notes.findIndex(({ instance }) => instance === this.instance),
    );
    const ended = new Set(notes.flatMap(({ what, instance }) => (what === 'ends' ? instance : [])));
    if (before.some(({ instance, pid }) => !ended.has(instance) && isRunning(pid))) this.#note('twice');
  }

  ends(): void {
    this.#note('ends');
  }

  #note(what: Note['what']): void {
    appendFileSync(join(this.folder, `${this.room}.notes`), `${what} ${this.instance} ${process.pid}\n`);
  }
}

/** All notes of all rooms. */
export function allNotesIn(folder: string): Note[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.notes'));
  return files.flatMap((file) => notesIn(folder, file.slice(0, -'.notes'.length)));
}

function notesIn(folder: string, room: string): Note[] {
  const lines = readFileSync(join(folder, `${room}.notes`), 'utf8')
    .trimEnd()
    .split('\n');
  return lines.map((line) => {
    const [what, instance, pid] = line.split(' ');
    return { what: what as Note['what'], instance, pid: Number(pid) };
  });
}

/** A process that has ended counts until its parent, the primary, has seen its end. */
function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
