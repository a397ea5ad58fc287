import type { Claim, ClaimRequest } from './room-store.js';
import { StoreError } from './store-error.js';

/** What stores that claim many rooms at once can do with one. */
interface ClaimsMany {
  claimAll(claims: readonly ClaimRequest[]): Promise<readonly (Claim | StoreError)[]>;
}

/** `claim` of a store, by its `claimAll`. @throws StoreError */
export async function soleClaim(store: ClaimsMany, request: ClaimRequest): Promise<Claim> {
  const [claim] = await store.claimAll([request]);
  if (claim instanceof StoreError) throw claim;
  return claim;
}
