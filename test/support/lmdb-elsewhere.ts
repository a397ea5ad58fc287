import {
  StoreError,
  type Claim,
  type ClaimRequest,
  type RoomKey,
  type RoomStore,
  type RoomWrite,
} from 'nestjs-jamsocket';
import { LmdbStore } from 'nestjs-jamsocket/lmdb';
import { fork, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export interface StoreCall {
  readonly method: Exclude<keyof RoomStore, 'close'>;
  readonly args: readonly unknown[];
}

/** What the other process answers: a value, or an error without its class. */
export type StoreAnswer = { readonly value: unknown } | { readonly code: string; readonly message: string };

export const canLimitFiles = spawnSync('prlimit', ['--version']).status === 0;

/** The two pages at the start of a database. Each commit writes its data behind them first, and fails. */
const FIRST_PAGES = 2 * 4_096;

/**
 * A LmdbStore that can move to a process of its own, in which the disk is full: a limit of this process would end the
 * test runner.
 */
export class LmdbElsewhere implements RoomStore {
  readonly #here: LmdbStore;
  #there: ChildProcess | undefined;

  constructor(
    private readonly path: string,
    /** Built from lmdb-child.ts. */
    private readonly program: string,
  ) {
    this.#here = new LmdbStore({ path });
  }

  /** @returns a function that makes room on the disk; the store stays in the other process */
  async fillDisk(): Promise<() => void> {
    const child = fork(this.program, ['serve', this.path], {
      serialization: 'advanced',
      execArgv: [],
      // lmdb prints each commit that fails.
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#there = child;
    // Opened before, as when a disk becomes full.
    await this.describe();
    const limit = (size: string) => {
      const { status, stderr } = spawnSync('prlimit', ['--pid', `${child.pid}`, `--fsize=${size}:`], {
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(`prlimit failed: ${stderr}`);
    };
    limit(`${FIRST_PAGES}`);
    return () => limit('unlimited');
  }

  describe(): Promise<string> {
    return this.#call('describe');
  }

  claim(room: RoomKey, owner: string, minFence?: number): Promise<Claim> {
    return this.#call('claim', room, owner, minFence);
  }

  claimAll(claims: readonly ClaimRequest[]): ReturnType<LmdbStore['claimAll']> {
    return this.#call('claimAll', claims);
  }

  has(room: RoomKey): Promise<boolean> {
    return this.#call('has', room);
  }

  commit(writes: readonly RoomWrite[]): ReturnType<RoomStore['commit']> {
    return this.#call('commit', writes);
  }

  due(...args: Parameters<RoomStore['due']>): ReturnType<RoomStore['due']> {
    return this.#call('due', ...args);
  }

  list(...args: Parameters<RoomStore['list']>): ReturnType<RoomStore['list']> {
    return this.#call('list', ...args);
  }

  async close(): Promise<void> {
    await this.#here.close();
    if (this.#there === undefined || !this.#there.connected) return;
    const ended = once(this.#there, 'exit');
    this.#there.disconnect();
    await ended;
  }

  async #call<T>(method: StoreCall['method'], ...args: readonly unknown[]): Promise<T> {
    if (this.#there === undefined) return (this.#here[method] as (...args: readonly unknown[]) => Promise<T>)(...args);
    // The tests ask for one thing after the other.
    const answered = once(this.#there, 'message');
    this.#there.send({ method, args } satisfies StoreCall);
    const [answer] = (await answered) as [StoreAnswer];
    if ('value' in answer) return answer.value as T;
    throw new StoreError(answer.code as StoreError['code'], answer.message);
  }
}

/** Another process is stopped in the middle of a transaction: the database lets nobody else write. */
export async function keepLock(program: string, path: string): Promise<() => Promise<unknown>> {
  const other = spawn(process.execPath, [program, 'hold', path], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(other.stdout, 'data');
  return async () => {
    const closed = once(other, 'close');
    other.stdin.end();
    await closed;
  };
}
