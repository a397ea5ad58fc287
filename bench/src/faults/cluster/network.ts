import { spawnSync } from 'node:child_process';
import type { Seat } from './nodes.js';

const PREFIX = `jsf${process.pid % 10_000}`;
const BRIDGE = `${PREFIX}br`;
const NETWORK = `10.213.${process.pid % 250}`;

/** Whether this user may make network namespaces here. */
export function canMakeNetworks(): boolean {
  const name = `${PREFIX}try`;
  const isMade = run('ip', 'netns', 'add', name) && run('ip', 'link', 'add', `${PREFIX}t`, 'type', 'bridge');
  run('ip', 'link', 'del', `${PREFIX}t`);
  run('ip', 'netns', 'del', name);
  return isMade;
}

/** A host of the network, in a network namespace of its own. */
export class Host implements Seat {
  readonly before: readonly string[];

  private constructor(
    private readonly namespace: string,
    readonly host: string,
  ) {
    this.before = ['ip', 'netns', 'exec', namespace];
  }

  static make(number: number): Host {
    const made = new Host(`${PREFIX}n${number}`, `${NETWORK}.${number + 2}`);
    const { namespace, host } = made;
    const [outside, inside] = [`${PREFIX}o${number}`, `${PREFIX}i${number}`];
    must('ip', 'netns', 'add', namespace);
    must('ip', 'link', 'add', outside, 'type', 'veth', 'peer', 'name', inside, 'netns', namespace);
    must('ip', 'link', 'set', outside, 'master', BRIDGE, 'up');
    made.#ip('addr', 'add', `${host}/24`, 'dev', inside);
    made.#ip('link', 'set', inside, 'up');
    made.#ip('link', 'set', 'lo', 'up');
    return made;
  }

  /** Drops what this host sends to an address. */
  cutTo(address: string): void {
    this.#ip('route', 'add', 'blackhole', `${address}/32`);
  }

  mendTo(address: string): void {
    this.#ip('route', 'del', 'blackhole', `${address}/32`);
  }

  remove(): void {
    run('ip', 'netns', 'del', this.namespace);
  }

  #ip(...args: string[]): void {
    must('ip', '-n', this.namespace, ...args);
  }
}

/** A bridge with this machine, on which clients run, and some hosts. */
export class Network {
  readonly hosts: readonly Host[];
  /** Address of the clients. */
  readonly clients = `${NETWORK}.1`;

  constructor(count: number) {
    must('ip', 'link', 'add', BRIDGE, 'type', 'bridge');
    must('ip', 'addr', 'add', `${this.clients}/24`, 'dev', BRIDGE);
    must('ip', 'link', 'set', BRIDGE, 'up');
    this.hosts = Array.from({ length: count }, (_, number) => Host.make(number));
  }

  remove(): void {
    for (const host of this.hosts) host.remove();
    run('ip', 'link', 'del', BRIDGE);
  }
}

function must(program: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
}

function run(program: string, ...args: string[]): boolean {
  return spawnSync(program, args).status === 0;
}
