import { joinRoom, type Room, type RoomOptions } from 'jamsocket-client';

/** Joins with a fresh token for each connection. Asks for a login when the server no longer knows the user. */
export function joinAsUser(url: string, askToLogIn: () => void, options?: RoomOptions): Room {
  const room = joinRoom(url, { ...options, tokenIn: 'subprotocol', token: freshToken });
  room.onStatus((state) => {
    if (state.status === 'closed' && state.code === 4401) askToLogIn();
  });
  return room;
}

async function freshToken(): Promise<string | undefined> {
  const response = await fetch('/auth/token', { method: 'POST' });
  if (response.status === 401) return undefined; // the guard refuses with 401, and the room is closed with 4401
  if (!response.ok) throw new Error(`HTTP ${response.status}`); // the client tries again in a moment
  return ((await response.json()) as { token: string }).token;
}
