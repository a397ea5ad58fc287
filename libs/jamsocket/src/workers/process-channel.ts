import { isOurs, type Channel, type ToPrimary, type ToWorker } from './messages.js';

/** The channel of this process, a worker, to the primary. */
export class ProcessChannel implements Channel {
  readonly #listeners = new Set<(message: ToWorker) => void>();

  constructor() {
    process.on('message', (message) => {
      if (!isOurs(message)) return;
      for (const listener of this.#listeners) listener(message as ToWorker);
    });
  }

  send(message: ToPrimary): Promise<void> {
    return new Promise((resolve, reject) => {
      process.send!(message, undefined, undefined, (error) => (error ? reject(error) : resolve()));
    });
  }

  listen(listener: (message: ToWorker) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
