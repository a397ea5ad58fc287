import type { IncomingMessage } from 'node:http';
import { clearTimeout, setTimeout } from 'node:timers';
import type { WebSocket } from 'ws';
import { ConnectRefusedError, TestTimeoutError } from './testing.errors.js';

/**
 * Resolves when the socket is open.
 * @throws ConnectRefusedError with the server's answer, TestTimeoutError without an answer
 */
export async function openSocket(socket: WebSocket, url: string, patienceMs: number): Promise<void> {
  let timer: NodeJS.Timeout;
  const opened = new Promise<void>((resolve, reject) => {
    timer = setTimeout(() => reject(unanswered(url, patienceMs)), patienceMs);
    socket.on('open', resolve);
    // This listener stays, since errors can occur later; the close event that follows reports them.
    socket.on('error', reject);
    socket.on('unexpected-response', (_request, response: IncomingMessage) => {
      readBody(response).then((body) => {
        reject(new ConnectRefusedError(url, response.statusCode ?? 0, response.headers, body));
        socket.terminate();
      }, reject);
    });
  });
  try {
    await opened;
  } catch (error) {
    if (error instanceof TestTimeoutError) socket.terminate();
    throw error;
  } finally {
    clearTimeout(timer!);
  }
}

async function readBody(response: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of response) text += String(chunk);
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function unanswered(url: string, patienceMs: number): TestTimeoutError {
  return new TestTimeoutError(
    `${url} has not answered within ${patienceMs} ms: a guard, an @OnCreate or a provider of the room is waiting for something.`,
  );
}
