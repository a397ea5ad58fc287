import { contractCheck } from './contract/contract-check.js';
import type { AnyContract, Contract, RoomContract } from './contract/contract.js';
import type { ContractSchemas } from './contract/schemas.js';
import { Room } from './room.js';
import type { RoomOptions } from './room-options.js';

/** Options with a contract, whose schemas give the room its types. */
export interface ContractOptions<S extends ContractSchemas> extends RoomOptions {
  readonly contract: S;
  /** Whether to validate sent and received data with the schemas. Default `false`. */
  readonly validate?: boolean;
}

/**
 * Joins a room and stays in it until `room.close()`, or until the server ends it. After a lost connection the client
 * reconnects, and both sides send the messages that the other one missed.
 *
 * @param url `wss://host/ws/lobby`. `https` is replaced by `wss`, and in a browser `/ws/lobby` is enough.
 * @throws TypeError for an invalid URL, or if there is no WebSocket class
 */
export function joinRoom<const S extends ContractSchemas>(
  url: string,
  options: ContractOptions<S>,
): Room<RoomContract<S>>;
export function joinRoom<C extends Contract = AnyContract>(url: string, options?: RoomOptions): Room<C>;
export function joinRoom(url: string, options: RoomOptions & Partial<ContractOptions<ContractSchemas>> = {}): Room {
  const { contract, validate } = options;
  return new Room(url, options, contract && validate ? contractCheck(contract) : undefined);
}
