import { requestAnswer, type RequestFrame } from '../../jamsocket/src/base/protocol.js';
import type { RequestHandler } from './event-message.js';
import { report } from './listeners.js';

/** What the page answers when the room asks. */
export class Answers {
  readonly #handlers = new Map<string, RequestHandler>();

  /** @returns a function that removes the handler */
  set(event: string, handler: RequestHandler): () => void {
    this.#handlers.set(event, handler);
    return () => void (this.#handlers.get(event) === handler && this.#handlers.delete(event));
  }

  async give({ event, data, id }: RequestFrame, send: (text: string) => void): Promise<void> {
    const handler = this.#handlers.get(event);
    try {
      send(requestAnswer(id, handler ? { data: await handler(data) } : { error: `No handler for "${event}"` }));
    } catch (error) {
      report(error);
      send(requestAnswer(id, { error: String(error) }));
    }
  }
}
