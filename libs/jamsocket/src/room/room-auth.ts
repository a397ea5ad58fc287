import { AuthWatch } from '../auth/auth-watch.js';
import type { UserIndex } from '../auth/user-index.js';
import type { JamsocketClock } from '../base/sources.js';
import { RefusedError } from '../base/errors.js';
import type { Client } from '../members/client.js';
import type { KnownAuth } from '../members/client-auth.js';
import type { JamsocketContext } from '../members/room-context.js';
import type { RoomLifecycle } from '../members/room-lifecycle.js';
import type { RoomState } from '../members/room-port.js';
import type { PresenceMap } from '../presence/presence-map.js';
import type { RoomDefinition, RoomInstance } from './room-definition.js';
import type { RoomEvent } from './room-event.js';

/** What a room offers to the code that knows who its clients are. */
interface AuthenticatedRoom {
  readonly state: RoomState;
  readonly definition: RoomDefinition;
  readonly context: JamsocketContext;
  readonly clock: JamsocketClock;
  readonly instance: RoomInstance | null;
  readonly presence: PresenceMap | null;
  readonly lifecycle: RoomLifecycle<Client> | null;
  post(event: RoomEvent): boolean;
  report(error: unknown, client?: Client): void;
}

/** Who the clients of one room are, and until when that is certain. */
export class RoomAuth {
  /** Made for the first client whose authentication ends. */
  #watch: AuthWatch | null = null;

  constructor(
    private readonly room: AuthenticatedRoom,
    private readonly users: UserIndex,
  ) {}

  /** @throws RefusedError `auth_expired` if the guards have let in a client whose authentication has ended */
  require({ auth }: Client): void {
    if (auth?.expiresAt !== undefined && auth.expiresAt <= this.room.clock.wallTime())
      throw new RefusedError(401, 'auth_expired', 'The authentication has ended.');
  }

  /** See `RoomPort.authChanged`. */
  changed(client: Client, before: KnownAuth | null): void {
    const { room, users } = this;
    if (client.closed !== undefined || room.state === 'stopped') return;
    users.remove(client, before?.user);
    users.add(client);
    room.presence?.changed(client);
    if (this.#watch !== null || client.auth?.expiresAt !== undefined) this.#watchClients().watch(client);
    if (room.lifecycle !== null) room.lifecycle.changed();
  }

  /** See `RoomPort.authAnswered`. */
  answered(client: Client, answer: string): void {
    this.#watch?.answered(client, answer);
  }

  /** The client has left. */
  forget(client: Client): void {
    this.users.remove(client, client.user);
    this.#watch?.forget(client);
  }

  /** The room has stopped. */
  forgetAll(clients: Iterable<Client>): void {
    this.#watch?.clear();
    for (const client of clients) this.users.remove(client, client.user);
  }

  #watchClients(): AuthWatch {
    const { room } = this;
    return (this.#watch ??= new AuthWatch({
      clock: room.clock,
      admit: (candidate, request) => room.definition.admit(candidate, room.instance, room.context, request),
      renewed: (client, candidate) => this.#renewed(client, candidate),
      report: (error, client) => room.report(error, client),
    }));
  }

  #renewed(client: Client, admitted: Client): void {
    const before = client.auth;
    client.auth = admitted.auth ?? before;
    this.changed(client, before);
    if (this.room.instance!.auth !== undefined) this.room.post({ type: 'auth', client, admitted });
  }
}
