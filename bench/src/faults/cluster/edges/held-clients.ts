import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Victim } from '../../durable/victim.js';

const program = new URL('./hold-clients.js', import.meta.url).pathname;

/** Many clients of one node, in a process of their own: their ends must not hold up the clients that time echoes. */
export class HeldClients {
  private constructor(private readonly child: ChildProcess) {}

  static async join(node: Victim, rooms: readonly string[], count: number): Promise<HeldClients> {
    const child = fork(program, [`${node.port}`, JSON.stringify(rooms), `${count}`]);
    const [said] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [unknown];
    if (said !== 'in') throw new Error('The clients could not join.');
    return new HeldClients(child);
  }

  async leave(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}
