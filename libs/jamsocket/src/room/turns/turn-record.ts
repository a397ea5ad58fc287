import type { Client } from '../../members/client.js';
import { faultOf } from './failure.js';
import type { ObserverSet } from '../../observe/observer-set.js';
import type { JamsocketContext } from '../../members/room-context.js';
import type { ObservedTurn, TurnKind } from '../../observe/room-observer.js';

interface TurnHome {
  readonly context: JamsocketContext;
  now(): number;
}

/** A turn that observers want to know of. */
export class TurnRecord implements ObservedTurn {
  readonly room: JamsocketContext;
  hasFailed = false;
  /** The first error of the turn. An error that a filter throws later does not replace it. */
  error: unknown = undefined;

  constructor(
    private readonly home: TurnHome,
    readonly handler: string,
    readonly kind: TurnKind,
    readonly client: Client | undefined,
    readonly message: unknown,
    readonly runAsCaller?: <T>(run: () => T) => T,
  ) {
    this.room = home.context;
  }

  fail(error: unknown): void {
    if (this.hasFailed) return;
    this.hasFailed = true;
    this.error = error;
  }

  /** `work` never throws or rejects. */
  run(observers: ObserverSet, work: () => void | Promise<void>): void | Promise<void> {
    const began = this.home.now();
    observers.turnStarted(this);
    const done = observers.runTurn(this, work);
    if (done === undefined) return this.#end(observers, began);
    return done.then(() => this.#end(observers, began));
  }

  #end(observers: ObserverSet, began: number): void {
    const { hasFailed, error } = this;
    const fault = hasFailed ? faultOf(error) : undefined;
    observers.turnEnded(this, { durationMs: this.home.now() - began, hasFailed, error, fault });
  }
}
