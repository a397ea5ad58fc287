import type { WebSocketClass } from './platform.js';

/** An HTTP answer instead of an upgrade. */
export interface HttpRefusal {
  readonly status: number;
  readonly retryAfter: unknown;
}

/** The part of the `ws` package that browsers' sockets do not have. */
interface NodeSocket {
  on?(
    event: 'unexpected-response',
    listener: (
      request: unknown,
      response: { readonly statusCode: number; readonly headers: Readonly<Record<string, unknown>> },
    ) => void,
  ): void;
}

type Listen = (type: string, listener: () => void, options?: unknown) => void;
type EventSocketClass = new (...args: unknown[]) => { addEventListener: Listen; close(): void } & NodeSocket;

const ignore = () => undefined;

/**
 * The class with `error` events kept to itself. They say nothing that the `close` after them does not say better:
 * partysocket gives up a socket at its `error`, with the code of a normal end, and never hears the real code.
 * With the `ws` package, `refused` hears the HTTP status that browsers hide.
 */
export function quiet(Socket: WebSocketClass, refused: (refusal: HttpRefusal) => void): WebSocketClass {
  return class extends (Socket as unknown as EventSocketClass) {
    constructor(...args: unknown[]) {
      super(...args);
      super.addEventListener('error', ignore);
      this.on?.('unexpected-response', (_request, { statusCode, headers }) => {
        refused({ status: statusCode, retryAfter: headers['retry-after'] });
        this.close();
      });
    }

    override addEventListener: Listen = (type, listener, options) => {
      if (type !== 'error') super.addEventListener(type, listener, options);
    };
  } as unknown as WebSocketClass;
}
