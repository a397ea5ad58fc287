import type { WebSocketClass } from '../platform.js';

/** An HTTP answer instead of an upgrade. */
export interface HttpRefusal {
  readonly status: number;
  readonly retryAfter: unknown;
}

/** The part of the `ws` package's class that browsers do not have. */
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
 * A subclass that hides `error` events. At an `error` partysocket gives up the socket with the code of a normal close,
 * and never gets the real code from the `close` event that follows. With the `ws` package, `refused` gets the HTTP
 * status, which browsers hide.
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
