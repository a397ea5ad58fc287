import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react';
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
  type RequestHandler,
  type Room,
  type RoomContract,
  type RoomOptions,
  type RoomState,
  type RoomStatus,
  type StateName,
  type StateOf,
} from '../index.js';

/** Result of `useRoom`. The functions stay the same until the URL changes. */
export interface JoinedRoom<C extends Contract> extends Pick<Room<C>, 'emit' | 'request' | 'send' | 'reconnectNow'> {
  readonly room: Room<C>;
  readonly status: RoomStatus;
  readonly connection: RoomState;
  readonly clientId: number | undefined;
}

/** Result of `useRoom(null)`: the component is in no room. */
export type WaitingRoom = { readonly status: 'waiting' } & {
  readonly [K in Exclude<keyof JoinedRoom<AnyContract>, 'status'>]: undefined;
};

const WAITING: WaitingRoom = {
  status: 'waiting',
  room: undefined,
  connection: undefined,
  clientId: undefined,
  emit: undefined,
  request: undefined,
  send: undefined,
  reconnectNow: undefined,
};

const NOBODY: readonly never[] = [];
const nothing = () => undefined;
const listenToNothing = () => nothing;

/**
 * Joins a room while the component is mounted. The component renders again when the status changes, but not for events:
 * see `useRoomEvent`. A different URL joins a different room; with `null` the component waits in no room. The options are read
 * when a room is joined.
 */
export function useRoom<const S extends ContractSchemas>(
  url: string,
  options: ContractOptions<S>,
): JoinedRoom<RoomContract<S>>;
export function useRoom<C extends Contract = AnyContract>(url: string, options?: RoomOptions): JoinedRoom<C>;
export function useRoom<const S extends ContractSchemas>(
  url: string | null,
  options: ContractOptions<S>,
): JoinedRoom<RoomContract<S>> | WaitingRoom;
export function useRoom<C extends Contract = AnyContract>(
  url: string | null,
  options?: RoomOptions,
): JoinedRoom<C> | WaitingRoom;
export function useRoom(url: string | null, options?: RoomOptions): JoinedRoom<AnyContract> | WaitingRoom {
  const make = () => ({
    url,
    room: url === null ? undefined : joinRoom(url, { ...options, autoConnect: false }),
    hasConnected: false,
  });
  const [place, setPlace] = useState(make);
  if (place.url !== url) setPlace(make());
  const { room } = place;

  const leaving = useRef<{ room: Room; timer: ReturnType<typeof setTimeout> }>(undefined);
  useEffect(() => {
    if (!room) return undefined;
    // StrictMode and a hot reload unmount and mount again at once: leave the room a moment later, so that they keep it.
    if (leaving.current?.room === room) clearTimeout(leaving.current.timer);
    if (place.hasConnected && room.status === 'closed') setPlace(make());
    else if (!place.hasConnected) room.connect();
    place.hasConnected = true;
    return () => {
      leaving.current = { room, timer: setTimeout(() => room.close()) };
    };
  }, [place]);

  const connection = useSyncExternalStore(
    room?.onStatus ?? listenToNothing,
    () => room?.connection,
    () => room?.connection,
  );
  if (!room || !connection) return WAITING;
  const { emit, request, send, reconnectNow } = room;
  return { room, status: connection.status, connection, clientId: room.clientId, emit, request, send, reconnectNow };
}

/** Listens to an event of a room, if there is one, while the component is mounted. The listener may be a new function at every render. */
export function useRoomEvent<C extends Contract, K extends EventName<C>>(
  room: Room<C> | undefined,
  event: K,
  listener: (data: EventOf<C, K>) => void,
): void {
  const latest = useRef(listener);
  useEffect(() => {
    latest.current = listener;
  });
  useEffect(() => room?.on(event, (data) => latest.current(data)), [room, event]);
}

/**
 * Answers a request of a room, `client.ask(event, data)` on the server, while the component is mounted: with what the handler
 * returns or resolves to. The handler may be a new function at every render.
 */
export function useRoomRequest<C extends Contract>(
  room: Room<C> | undefined,
  event: string,
  handler: RequestHandler,
): void {
  const latest = useRef(handler);
  useEffect(() => {
    latest.current = handler;
  });
  useEffect(() => room?.onRequest(event, (data) => latest.current(data)), [room, event]);
}

/** The present value of a shared state of a room; `undefined` until it has been received. */
export function useRoomState<C extends Contract, K extends StateName<C>>(
  room: Room<C> | undefined,
  name: K,
): StateOf<C, K> | undefined;
/**
 * The part of a shared state that a selector returns; `undefined` until the state has been received. The component renders
 * again only when that part has changed.
 * @param isEqual whether two selections are the same. Default `Object.is`
 */
export function useRoomState<C extends Contract, K extends StateName<C>, S>(
  room: Room<C> | undefined,
  name: K,
  selector: (value: StateOf<C, K>) => S,
  isEqual?: (before: S, after: S) => boolean,
): S | undefined;
export function useRoomState(
  room: Room | undefined,
  name: string,
  selector: (value: unknown) => unknown = whole,
  isEqual: (before: any, after: any) => boolean = Object.is,
): unknown {
  const latest = useRef<{ value: unknown; selector: unknown; selection: unknown }>(undefined);
  const select = (): unknown => {
    const value: unknown = room?.state(name);
    const before = latest.current;
    if (before?.value === value && before?.selector === selector) return before?.selection;
    let selection = value === undefined ? undefined : selector(value);
    // The same object as before, so that React sees no change.
    if (before && before.selection !== undefined && selection !== undefined && isEqual(before.selection, selection))
      selection = before.selection;
    latest.current = { value, selector, selection };
    return selection;
  };
  const listen = useCallback((listener: () => void) => room?.onState(name, listener) ?? nothing, [room, name]);
  return useSyncExternalStore(listen, select, select);
}

function whole(value: unknown): unknown {
  return value;
}

/** Result of `usePresence`. */
export interface UsedPresence<Value> {
  /** Everyone in the room except the user of this client. */
  readonly others: readonly Person<Value>[];
  /** Sets what others see of this client. It stays the same function. */
  readonly set: Presence<Value>['set'];
}

/** Who else is in the room, if there is one. The component renders again when that changes. */
export function usePresence<C extends Contract>(room: Room<C> | undefined): UsedPresence<PresenceOf<C>> {
  const presence = room?.presence;
  const read = (): readonly Person<PresenceOf<C>>[] => presence?.others ?? NOBODY;
  const others = useSyncExternalStore(presence?.onChange ?? listenToNothing, read, read);
  return { others, set: presence?.set ?? nothing };
}
