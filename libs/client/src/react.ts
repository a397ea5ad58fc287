import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import {
  joinRoom,
  type AnyContract,
  type Contract,
  type ContractOptions,
  type ContractSchemas,
  type EventName,
  type EventOf,
  type Room,
  type RoomContract,
  type RoomOptions,
  type RoomState,
  type RoomStatus,
} from './index.js';

/** Result of `useRoom`. The functions stay the same until the URL changes. */
export interface JoinedRoom<C extends Contract> extends Pick<Room<C>, 'emit' | 'request' | 'send' | 'reconnectNow'> {
  readonly room: Room<C>;
  readonly status: RoomStatus;
  readonly connection: RoomState;
  readonly clientId: number | undefined;
}

/**
 * Joins a room while the component is mounted. The component renders again when the status changes, but not for events:
 * see `useRoomEvent`. A different URL joins a different room. The options are read when a room is joined.
 */
export function useRoom<const S extends ContractSchemas>(
  url: string,
  options: ContractOptions<S>,
): JoinedRoom<RoomContract<S>>;
export function useRoom<C extends Contract = AnyContract>(url: string, options?: RoomOptions): JoinedRoom<C>;
export function useRoom(url: string, options?: RoomOptions): JoinedRoom<AnyContract> {
  const make = () => ({ url, room: joinRoom(url, { ...options, autoConnect: false }), hasConnected: false });
  const [place, setPlace] = useState(make);
  if (place.url !== url) setPlace(make());
  const { room } = place;

  const leaving = useRef<{ room: Room; timer: ReturnType<typeof setTimeout> }>(undefined);
  useEffect(() => {
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
    room.onStatus,
    () => room.connection,
    () => room.connection,
  );
  const { emit, request, send, reconnectNow } = room;
  return { room, status: connection.status, connection, clientId: room.clientId, emit, request, send, reconnectNow };
}

/** Listens to an event of a room while the component is mounted. The listener may be a new function at every render. */
export function useRoomEvent<C extends Contract, K extends EventName<C>>(
  room: Room<C>,
  event: K,
  listener: (data: EventOf<C, K>) => void,
): void {
  const latest = useRef(listener);
  useEffect(() => {
    latest.current = listener;
  });
  useEffect(() => room.on(event, (data) => latest.current(data)), [room, event]);
}
