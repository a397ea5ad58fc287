import { contractCheck } from './contract-check.js';
import type { AnyContract, Contract, ContractSchemas, RoomContract } from './contract.js';
import { Room } from './room.js';
import type { RoomOptions } from './room-options.js';

/** Types of a room from the schemas of its contract. */
export interface ContractOptions<S extends ContractSchemas> extends RoomOptions {
  readonly contract: S;
  /** Whether data is checked against the schemas as it goes out and comes in; false unless given. */
  readonly validate?: boolean;
}

/**
 * Joins a room, and keeps the client in it until `room.close()` or the server's end: a lost connection is made again,
 * and what was said meanwhile is made up for.
 *
 * @param url `wss://host/ws/lobby`; in a browser `/ws/lobby` will do, and `https` stands for `wss`
 * @throws TypeError if the URL is none, or there is no WebSocket class
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
