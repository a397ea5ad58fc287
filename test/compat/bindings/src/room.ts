/** Types only, as `RoomContract` would take them from the room's class. */
export interface Game {
  messages: { move: { data: { x: number; y: number } }; ask: { data: undefined; reply: string } };
  events: { moved: { x: number; y: number } };
  states: { board: { turn: string } };
  presence: { name: string };
}
