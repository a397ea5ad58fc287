import { PRESENCE_EVENT } from '../base/presence.js';
import { assertNotReserved } from '../base/checks/reserved-event.js';
import type { Client } from '../members/client.js';
import type { Members } from '../members/members.js';
import type { MembersState } from '../members/room-port.js';
import type { Frame } from '../wire/frame.js';
import type { PresenceMap } from './presence-map.js';

/** What the members of a room with presence are told besides its messages: its shared state, if it has any, and who is there. */
export class MembersNews implements MembersState<Client> {
  constructor(
    private readonly states: MembersState<Client> | null,
    private readonly presence: PresenceMap,
    private readonly members: Members,
  ) {}

  beforeSend(frame: Frame): void {
    assertNotReserved(frame.payload, PRESENCE_EVENT);
    this.states?.beforeSend(frame);
  }

  flush(): void {
    this.states?.flush();
  }

  welcome(client: Client): void {
    this.states?.welcome(client);
    this.presence.joined(client);
    this.presence.tellAll(client, (frame) => this.members.welcomeState(frame, client));
  }
}
