import { performance } from 'node:perf_hooks';
import { DirectoryState } from '../../cluster/directory-state.js';
import { answerTo } from './answer-to.js';
import type { Answer, Ask, DirectoryCall } from '../messages.js';
import type { RoomKey } from '../../store/room-store.js';

/** Wall time that cannot jump: a set clock must end no lease. */
const steadyTime = () => performance.timeOrigin + performance.now();

/** The directory of the workers, in the memory of the primary. A worker's entries count until its process has ended. */
export class DirectoryServer {
  #state: DirectoryState;
  readonly #incarnations = new Map<number, Set<string>>();

  constructor(private readonly now: () => number = steadyTime) {
    // Workers cannot outlive the primary, so there is nobody to hear of first: it need not settle.
    this.#state = new DirectoryState('primary', now, true);
  }

  /** @param worker its number */
  answer(worker: number, ask: Ask): Answer {
    return answerTo(ask, () => this.#run(worker, ask.call as DirectoryCall, ask.arg as never));
  }

  /** A worker's process has ended. @returns its nodes whose rooms are free now */
  ended(worker: number): readonly string[] {
    const incarnations = [...(this.#incarnations.get(worker) ?? [])];
    this.#incarnations.delete(worker);
    for (const incarnation of incarnations) this.#state.resign(incarnation);
    return incarnations;
  }

  /** The node that has a room. */
  ownerOf(room: RoomKey): string | undefined {
    return this.#state.locate(room)?.incarnation;
  }

  /** @internal For the conformance suite, which takes a directory's memory away. */
  forget(): void {
    this.#state = new DirectoryState(`primary${this.now()}`, this.now);
  }

  #run(worker: number, call: DirectoryCall, arg: never): unknown {
    const state = this.#state;
    switch (call) {
      case 'renew':
        this.#note(worker, (arg as { incarnation: string }).incarnation);
        return state.renew(arg);
      case 'resign':
        this.#incarnations.get(worker)?.delete(arg);
        return state.resign(arg);
      case 'nodes':
        return state.nodes();
      case 'claim':
      case 'release':
      case 'locate':
        return state[call](arg);
    }
  }

  #note(worker: number, incarnation: string): void {
    const known = this.#incarnations.get(worker);
    if (known === undefined) this.#incarnations.set(worker, new Set([incarnation]));
    else known.add(incarnation);
  }
}
