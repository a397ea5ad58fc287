import { computed, getCurrentInstance, markRaw, onMounted, shallowRef, toValue, watch } from 'vue';
import type { ComputedRef, MaybeRefOrGetter, ShallowRef } from 'vue';
import { joinRoom, type AnyContract, type Contract, type ContractOptions, type ContractSchemas } from '../index.js';
import type { EventName, EventOf, Person, Presence, PresenceOf, RoomContract } from '../index.js';
import type { Room, RoomOptions, RoomState, RoomStatus, StateName, StateOf } from '../index.js';

/** Result of `useRoom`. `room` and `connection` are `undefined`, and the status is `waiting`, while the URL is `null`. */
export interface JoinedRoom<R extends Room<any> | undefined> {
  readonly room: ComputedRef<R>;
  readonly connection: Readonly<ShallowRef<RoomState | undefined>>;
  readonly status: ComputedRef<RoomStatus | 'waiting'>;
  readonly clientId: ComputedRef<number | undefined>;
}

/**
 * Joins a room while the component is mounted. A URL in a ref or getter may change: then the component joins the other room,
 * and with `null` it waits in no room. The options are read when a room is joined.
 */
export function useRoom<const S extends ContractSchemas>(
  url: MaybeRefOrGetter<string>,
  options: ContractOptions<S>,
): JoinedRoom<Room<RoomContract<S>>>;
export function useRoom<C extends Contract = AnyContract>(
  url: MaybeRefOrGetter<string>,
  options?: RoomOptions,
): JoinedRoom<Room<C>>;
export function useRoom<C extends Contract = AnyContract>(
  url: MaybeRefOrGetter<string | null>,
  options?: RoomOptions,
): JoinedRoom<Room<C> | undefined>;
export function useRoom(url: MaybeRefOrGetter<string | null>, options?: RoomOptions): JoinedRoom<any> {
  const address = computed(() => toValue(url));
  const room = computed(() =>
    address.value === null ? undefined : markRaw(joinRoom(address.value, { ...options, autoConnect: false })),
  );
  const connection = shallowRef(room.value?.connection);
  const join = () =>
    follow(room, (joined) => {
      connection.value = joined?.connection;
      const stop = joined?.onStatus((state) => (connection.value = state));
      joined?.connect();
      return joined && (() => (stop!(), joined.close()));
    });
  // Only in a browser: a page that is rendered on a server connects to nothing.
  if (getCurrentInstance()) onMounted(join);
  else join();
  return {
    room,
    connection,
    status: computed(() => connection.value?.status ?? 'waiting'),
    clientId: computed(() => connection.value && room.value?.clientId),
  };
}

type MaybeRoom<C extends Contract> = MaybeRefOrGetter<Room<C> | undefined>;

/** Listens to an event of a room, if there is one, until the component is unmounted. */
export function useRoomEvent<C extends Contract, K extends EventName<C>>(
  room: MaybeRoom<C>,
  event: K,
  listener: (data: EventOf<C, K>) => void,
): void {
  follow(room, (joined) => joined?.on(event, listener));
}

/** The present value of a shared state of a room; `undefined` until it has been received. */
export function useRoomState<C extends Contract, K extends StateName<C>>(
  room: MaybeRoom<C>,
  name: K,
): Readonly<ShallowRef<StateOf<C, K> | undefined>> {
  const value = shallowRef<StateOf<C, K>>();
  follow(room, (joined) => {
    value.value = joined?.state(name);
    return joined?.onState(name, (now) => (value.value = now));
  });
  return value;
}

/** Who else is in the room. */
export function usePresence<C extends Contract>(
  room: MaybeRoom<C>,
): {
  readonly others: Readonly<ShallowRef<readonly Person<PresenceOf<C>>[]>>;
  /** Sets what others see of this client. */
  readonly set: Presence<PresenceOf<C>>['set'];
} {
  const others = shallowRef<readonly Person<PresenceOf<C>>[]>([]);
  follow(room, (joined) => {
    others.value = joined?.presence.others ?? [];
    return joined?.presence.onChange(() => (others.value = joined.presence.others));
  });
  return { others, set: (value) => toValue(room)?.presence.set(value) };
}

/** Calls `enter` for the present room and each later one, and what it returned when the room changes or the component ends. */
function follow<C extends Contract>(
  room: MaybeRoom<C>,
  enter: (room: Room<C> | undefined) => (() => void) | undefined,
): void {
  const enterNow = (joined: Room<C> | undefined, _before: unknown, onCleanup: (leave: () => void) => void) => {
    const leave = enter(joined);
    if (leave) onCleanup(leave);
  };
  watch(() => toValue(room), enterNow, { immediate: true });
}
