import type { ServerResponse } from 'node:http';
import type { InspectorEvents } from './inspector-events.js';

/** Milliseconds after which a browser connects again when the stream has ended. */
const RETRY_MS = 2_000;
/** Milliseconds that a browser has to take the end of a stream. */
const END_TIMEOUT_MS = 1_000;

/** Server-Sent Events to one browser (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export class EventStream {
  constructor(private readonly response: ServerResponse) {
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      // A proxy or a compressing middleware that waits for more would make it anything but live.
      'Cache-Control': 'no-store, no-transform',
      'X-Accel-Buffering': 'no',
      'X-Content-Type-Options': 'nosniff',
    });
    // A browser that has gone is noticed by 'close'; the error before it tells nothing more.
    response.on('error', () => undefined);
    response.write(`retry: ${RETRY_MS}\n\n`);
  }

  /** The browser does not take what it was sent: whatever can wait should. */
  get isBehind(): boolean {
    return this.response.writableNeedDrain;
  }

  send<Name extends keyof InspectorEvents>(event: Name, data: InspectorEvents[Name]): void {
    this.response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  onClose(listener: () => void): void {
    if (this.response.closed) listener();
    else this.response.on('close', listener);
  }

  /** Says so to a browser that listens; one that does not is cut off, or a server that closes would wait for it. */
  end(): void {
    if (this.isBehind) {
      this.response.destroy();
      return;
    }
    this.send('end', {});
    this.response.socket?.setTimeout(END_TIMEOUT_MS, () => this.response.destroy());
    this.response.end();
  }
}
