import type { ServerResponse } from 'node:http';
import type { InspectorEvents } from './inspector-events.js';
import type { PageStream } from './siblings/sibling-page.js';

/** Milliseconds after which a browser reconnects when the stream has ended. */
const RETRY_MS = 2_000;
/** Milliseconds in which a browser must read the end of a stream. */
const END_TIMEOUT_MS = 1_000;

/** Server-Sent Events to one browser (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export class EventStream implements PageStream {
  readonly showsCluster = true;

  constructor(private readonly response: ServerResponse) {
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      // Keeps proxies and compressing middleware from buffering the stream.
      'Cache-Control': 'no-store, no-transform',
      'X-Accel-Buffering': 'no',
      'X-Content-Type-Options': 'nosniff',
    });
    // A lost browser is noticed by 'close', which follows.
    response.on('error', () => undefined);
    response.write(`retry: ${RETRY_MS}\n\n`);
  }

  /** Sent bytes are still waiting for the browser: send nothing that can wait. */
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

  /** Ends the stream properly. A browser that does not read is cut off, since a closing server would wait for it. */
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
