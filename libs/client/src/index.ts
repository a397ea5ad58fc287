export { joinRoom, type ContractOptions } from './join-room.js';
export type { Room } from './room.js';
export type { RequestOptions } from './requests.js';
export type { RequestHandler } from './event-message.js';
export type { RoomOptions } from './room-options.js';
export type { BackoffOptions } from './backoff.js';
export type { WebSocketClass } from './platform.js';
export type {
  ClosedState,
  ConnectingState,
  OpenState,
  ReconnectingState,
  RoomState,
  RoomStatus,
} from './room-state.js';
export { defineContract, type AnyContract, type Contract, type RoomContract } from './contract/contract.js';
export type { ContractSchemas, MessageSchemas, StandardSchema } from './contract/schemas.js';
export type {
  EventName,
  EventOf,
  MessageName,
  MessageOf,
  PresenceOf,
  ReplyTo,
  RequestName,
  StateName,
  StateOf,
} from './room-types.js';
export type { Person, Presence, PresenceChange, PresentClient } from './presence.js';
export { RoomError, type Exception, type Issue, type RoomErrorCode } from './errors.js';
