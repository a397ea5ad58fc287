/** Which room of a service: its id and the other parameters of its path. */
export interface RoomAddress {
  /** Unique among the rooms of one service; the room id itself where the path has no other parameters. */
  readonly key: string;
  readonly roomId: string;
  /** Every parameter of the path, `room` among them. */
  readonly params: Readonly<Record<string, string>>;
}

/** How code names a room: by its id, or by all parameters where the service's path has more than `:room`. */
export type RoomName = string | Readonly<Record<string, string>>;
