import type { RoomPresence } from '../base/presence.js';
import { describeError } from '../base/foreign-value.js';
import type { Client } from '../members/client.js';
import type { Room } from '../room/room.js';
import { cutText, firstOf } from './excerpts.js';
import type {
  ClientDetail,
  Elsewhere,
  PersonDetail,
  RoomDetail,
  SavedDetail,
  TimerDetail,
} from './inspector-events.js';
import { StateView, type IsInjected } from './state-view.js';

const MAX_CLIENTS = 500;
const MAX_TIMERS = 500;
const MAX_TAGS = 20;
const MAX_PEOPLE = 500;
const MAX_TABS = 20;
/** Characters of names that clients may choose. */
const MAX_NAME = 100;
const MAX_URL = 1_000;
const MAX_ERROR = 1_000;

/** Reads everything about one room. */
export class RoomDetails {
  constructor(
    /** Milliseconds since the epoch when the rooms' clock was 0. */
    private readonly epoch: number,
    /** `null` if state is not shown. */
    private readonly isInjected: IsInjected | null,
  ) {}

  /** @param elsewhere where the room is that is not here, if that is known */
  of(key: string, room: Room | undefined, elsewhere?: Elsewhere): RoomDetail {
    if (room === undefined)
      return { key, isGone: true, elsewhere, clients: [], clientCount: 0, timers: [], mailbox: 0 };
    const data = this.isInjected && new StateView(this.isInjected);
    return {
      key,
      isGone: false,
      clients: firstOf(room.members.clients.values(), MAX_CLIENTS).map((client) => this.#clientOf(client, data)),
      clientCount: room.members.clients.size,
      timers: timersOf(room),
      mailbox: room.waitingEvents,
      ...(room.lifecycle && { saved: savedOf(room.lifecycle) }),
      ...(room.presence && { people: peopleOf(room.presence, this.isInjected && new StateView(this.isInjected)) }),
      ...(this.isInjected && stateOf(room, new StateView(this.isInjected))),
    };
  }

  #clientOf(client: Client, data: StateView | null): ClientDetail {
    const { id, request, isConnected, joinedAt, connection, tags } = client;
    return {
      id,
      address: request.ip,
      isConnected,
      joinedAt: Math.round(this.epoch + joinedAt),
      buffered: connection?.bufferedBytes ?? 0,
      tags: tagsOf(tags),
      url: cutText(data === null ? request.url.split('?', 1)[0] : request.url, MAX_URL),
      ...(data !== null && client.data !== undefined && { data: data.of(client.data) }),
    };
  }
}

function stateOf(room: Room, view: StateView): { readonly state?: unknown; readonly stateError?: string } {
  try {
    return { state: view.ofService(room.instance!.service) };
  } catch (error) {
    const { message, isError } = describeError(error);
    return { stateError: cutText(isError ? message : `toJSON() threw ${typeof error}`, MAX_ERROR) };
  }
}

function peopleOf(presence: RoomPresence, values: StateView | null): PersonDetail[] {
  return firstOf(presence.people, MAX_PEOPLE).map(({ user, isAway, value, clients }) => ({
    ...(user !== undefined && { user: cutText(user, MAX_NAME) }),
    clients: clients.slice(0, MAX_TABS).map(({ id }) => id),
    isAway,
    ...(values !== null && value !== undefined && { value: values.of(value) }),
  }));
}

function tagsOf(tags: ReadonlySet<string>): string[] {
  const shown = firstOf(tags, MAX_TAGS).map((tag) => cutText(String(tag), MAX_NAME));
  return tags.size > MAX_TAGS ? [...shown, `… (${tags.size - MAX_TAGS} more)`] : shown;
}

function savedOf({ saving, restored }: NonNullable<Room['lifecycle']>): SavedDetail {
  const { gated } = saving;
  return {
    ...saving,
    gated: gated && { bytes: gated.bytes, forMs: Math.round(gated.forMs) },
    restored: restored && { ...restored, savedAt: restored.savedAt.getTime() },
  };
}

function timersOf(room: Room): TimerDetail[] {
  const now = room.now();
  return room.timers.pending.slice(0, MAX_TIMERS).map(({ name, type, dueAt }) => ({
    name: cutText(name, MAX_NAME),
    kind: type,
    ...(dueAt !== undefined && { dueInMs: Math.max(0, Math.round(dueAt - now)) }),
  }));
}
