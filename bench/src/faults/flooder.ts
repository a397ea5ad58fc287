import { once } from 'node:events';
import { setImmediate as nextTick } from 'node:timers/promises';
import { WebSocket } from 'ws';

// A process that sends small messages as fast as they are accepted, until it is told to stop: `flooder.js <url>`.
/** Small, but large enough that the room handles what the operating system buffers within two minutes. */
const TEXT = 'x'.repeat(256);
const BATCH = 64;
/** The server reads the close frame only after everything before it. */
const CLOSE_TIMEOUT_MS = 600_000;

/** What it reports at its end. */
export interface FloodEnd {
  readonly sent: number;
  readonly code: number;
}

let isOn = true;
process.on('message', () => (isOn = false));
const options = { perMessageDeflate: false, closeTimeout: CLOSE_TIMEOUT_MS };
const ws = new WebSocket(process.argv[2], options);
await once(ws, 'open');
process.send!('open');
let sent = 0;
while (isOn) {
  sent += BATCH;
  for (let number = 1; number < BATCH; number++) ws.send(TEXT);
  await new Promise<void>((resolve) => ws.send(TEXT, () => resolve()));
  // While the kernel accepts everything at once, the order to stop would never be read.
  await nextTick();
}
const closed = once(ws, 'close');
ws.close(1000);
const [code] = (await closed) as [number];
process.send!({ sent, code } satisfies FloodEnd, () => process.exit());
