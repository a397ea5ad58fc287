import { AsyncResource } from 'node:async_hooks';

/**
 * An event that waits for its turn, with the async context in which it arrived. Its turn runs in that context and not in
 * that of the turn before.
 */
export class WaitingEvent<E> extends AsyncResource {
  constructor(readonly event: E) {
    super('JamsocketTurn');
  }
}
