import { AsyncResource } from 'node:async_hooks';

/**
 * An event that has to wait for its turn, and the async context it has come in. Its turn has that context, as it would
 * have had at once, and not that of the turn before it.
 */
export class WaitingEvent<E> extends AsyncResource {
  constructor(readonly event: E) {
    super('JamsocketTurn');
  }
}
