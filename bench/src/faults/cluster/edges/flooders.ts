import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

const COUNT = 4;
const program = new URL('../../flooder.js', import.meta.url).pathname;

/** Processes with a client each that sends as fast as it can. */
export class Flooders {
  private constructor(private readonly children: readonly ChildProcess[]) {}

  static async start(url: string): Promise<Flooders> {
    const children = Array.from({ length: COUNT }, () => fork(program, [url]));
    await Promise.all(children.map((child) => once(child, 'message')));
    return new Flooders(children);
  }

  /** They do not wait until the room has handled what they have sent. */
  async stop(): Promise<void> {
    await Promise.all(
      this.children.map((child) => {
        const exited = once(child, 'exit');
        child.kill('SIGKILL');
        return exited;
      }),
    );
  }
}
