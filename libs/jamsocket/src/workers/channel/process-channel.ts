import type { Socket } from 'node:net';
import { isOurs, type Channel, type ToPrimary, type ToWorker } from '../messages.js';

/** The channel of this process, a worker, to the primary. */
export class ProcessChannel implements Channel {
  readonly #listeners = new Set<(message: ToWorker, socket?: Socket) => void>();

  constructor() {
    process.on('message', (message, handle) => {
      if (!isOurs(message)) return;
      for (const listener of this.#listeners) listener(message as ToWorker, handle as Socket | undefined);
    });
  }

  send(message: ToPrimary): Promise<void> {
    return new Promise((resolve, reject) => {
      process.send!(message, undefined, undefined, (error) => (error ? reject(error) : resolve()));
    });
  }

  sendSocket(message: unknown, socket: Socket, callback: (error: Error | null) => void): void {
    process.send!(message, socket, undefined, callback);
  }

  listen(listener: (message: ToWorker, socket?: Socket) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
