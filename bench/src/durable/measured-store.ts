import type { RoomStore } from 'nestjs-jamsocket';
import type { Database } from '../faults/durable/databases.js';
import { openStore, type StoreKind } from '../faults/durable/open-store.js';

/** How a server under measurement learns of its store. */
export function envOf(database: Database | undefined): NodeJS.ProcessEnv {
  return database === undefined ? {} : { STORE: database.address.kind, STORE_AT: database.address.at };
}

/** The store of the environment; `undefined` for rooms that are not durable. */
export async function openMeasuredStore(): Promise<RoomStore | undefined> {
  const { STORE, STORE_AT } = process.env;
  if (STORE === undefined || STORE_AT === undefined) return undefined;
  return (await openStore({ kind: STORE as StoreKind, at: STORE_AT })).store;
}
