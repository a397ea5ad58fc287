import { PROTOCOL } from '../base/protocol.js';
import type { JamsocketClock } from '../base/sources.js';
import { ClientRequestError, ClientRequests, type ClientRequestOptions } from './client-requests.js';

/** What a request needs of the client that is asked, and of its room. */
interface AskedClient {
  readonly id: number;
  readonly roomId: string;
  readonly closed: object | undefined;
  readonly session: object | null;
  readonly room: {
    readonly clock: JamsocketClock;
    readonly members: { readonly outbox: { readonly hasWaiting: boolean } };
    readonly lifecycle: { save(): Promise<unknown> } | null;
    newRequestId(): string;
  } | null;
  requests: ClientRequests | null;
  sendMessage(text: string): void;
}

/** See `Client.ask`. */
export async function askClient(
  client: AskedClient,
  event: string,
  data: unknown,
  options: ClientRequestOptions,
): Promise<unknown> {
  const { room, id } = client;
  if (room === null || client.closed !== undefined)
    throw new ClientRequestError('left', `Client ${id} is not in the room, so it cannot be asked "${event}".`);
  if (client.session === null)
    throw new ClientRequestError(
      'unsupported',
      `Client ${id} cannot be asked "${event}": it does not speak ${PROTOCOL}, as jamsocket-client does.`,
    );
  const who = `client ${id} of room "${client.roomId}"`;
  client.requests ??= new ClientRequests(who, room.clock, () => room.newRequestId());
  return client.requests.ask(event, data, options, (text) => {
    client.sendMessage(text);
    // The turn may wait for the answer: the request must leave before the turn ends.
    if (room.members.outbox.hasWaiting) room.lifecycle?.save().catch(() => undefined);
  });
}
