import { onMount } from 'svelte';
import { createSubscriber } from 'svelte/reactivity';
import {
  joinRoom,
  type AnyContract,
  type Contract,
  type ContractOptions,
  type ContractSchemas,
  type EventName,
  type EventOf,
  type Person,
  type Presence,
  type PresenceOf,
  type Room,
  type RoomContract,
  type RoomOptions,
  type RoomState,
  type RoomStatus,
  type StateName,
  type StateOf,
} from '../index.js';

/** Result of `useRoom`. What may change is reactive: read it from the object, since a destructured value stays as it was. */
export interface JoinedRoom<C extends Contract> extends Pick<Room<C>, 'emit' | 'request' | 'send' | 'reconnectNow'> {
  readonly room: Room<C>;
  readonly status: RoomStatus;
  readonly connection: RoomState;
  readonly clientId: number | undefined;
}

/**
 * Joins a room while the component is mounted. For a URL that changes put the component into `{#key url}`.
 * @param url or a function that returns it, called once: it may use the component's props
 */
export function useRoom<const S extends ContractSchemas>(
  url: string | (() => string),
  options: ContractOptions<S>,
): JoinedRoom<RoomContract<S>>;
export function useRoom<C extends Contract = AnyContract>(
  url: string | (() => string),
  options?: RoomOptions,
): JoinedRoom<C>;
export function useRoom(url: string | (() => string), options?: RoomOptions): JoinedRoom<AnyContract> {
  const room = joinRoom(typeof url === 'string' ? url : url(), { ...options, autoConnect: false });
  const { emit, request, send, reconnectNow, onStatus } = room;
  const track = createSubscriber(onStatus);
  onMount(() => (room.connect(), () => room.close()));
  return {
    ...{ room, emit, request, send, reconnectNow },
    get connection() {
      return (track(), room.connection);
    },
    get status() {
      return this.connection.status;
    },
    get clientId() {
      return (track(), room.clientId);
    },
  };
}

/** Listens to an event of a room while the component is mounted. */
export function useRoomEvent<C extends Contract, K extends EventName<C>>(
  room: Room<C>,
  event: K,
  listener: (data: EventOf<C, K>) => void,
): void {
  onMount(() => room.on(event, listener));
}

/** `current` is the present value of a shared state of a room; `undefined` until it has been received. */
export function useRoomState<C extends Contract, K extends StateName<C>>(
  room: Room<C>,
  name: K,
): { readonly current: StateOf<C, K> | undefined } {
  const track = createSubscriber((update) => room.onState(name, update));
  return {
    get current() {
      return (track(), room.state(name));
    },
  };
}

/** Who else is in the room. */
export function usePresence<C extends Contract>({
  presence,
}: Room<C>): {
  readonly others: readonly Person<PresenceOf<C>>[];
  /** Sets what others see of this client. */
  readonly set: Presence<PresenceOf<C>>['set'];
} {
  const track = createSubscriber(presence.onChange);
  return {
    set: presence.set,
    get others() {
      return (track(), presence.others);
    },
  };
}
