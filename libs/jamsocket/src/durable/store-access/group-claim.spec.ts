import { describe, expect, it } from '@jest/globals';
import { MemoryStore } from '../../store/memory-store.js';
import type { Claim, ClaimRequest } from '../../store/room-store.js';
import { StoreError } from '../../store/store-error.js';
import { GroupClaim } from './group-claim.js';

const request = (key: string): ClaimRequest => ({ room: { service: 's', key }, owner: 'a' });

class BatchedStore extends MemoryStore {
  readonly batches: string[][] = [];
  failure: Error | undefined = undefined;

  async claimAll(claims: readonly ClaimRequest[]): Promise<readonly (Claim | StoreError)[]> {
    this.batches.push(claims.map(({ room }) => room.key));
    if (this.failure !== undefined) throw this.failure;
    return Promise.all(
      claims.map(async ({ room, owner }) =>
        room.key === 'torn' ? new StoreError('record_unreadable', 'torn') : this.claim(room, owner),
      ),
    );
  }
}

describe('claims of one tick', () => {
  const outcome = (claim: Promise<Claim>) => claim.then(({ fence }) => typeof fence, String);

  it('are one request, and each gets its own answer', async () => {
    const store = new BatchedStore();
    const claims = new GroupClaim(store);
    const keys = ['one', 'torn', 'two', 'NUL \0', 'three'];
    expect(await Promise.all(keys.map((key) => outcome(claims.claim(request(key)))))).toEqual([
      'number',
      'StoreError: torn',
      'number',
      'RangeError: The service and the key of a durable room must not contain the NUL character.',
      'number',
    ]);
    expect(store.batches).toEqual([['one', 'torn', 'two', 'three']]);
  });

  it('are more requests if they are many, or for the same room', async () => {
    const store = new BatchedStore();
    const claims = new GroupClaim(store);
    const keys = [...Array.from({ length: 130 }, (_, at) => `${at}`), '129'];
    await Promise.all(keys.map((key) => claims.claim(request(key))));
    expect(store.batches.map(({ length }) => length)).toEqual([64, 64, 2, 1]);
  });

  it('fail together if the store does, and alone if it refuses one name', async () => {
    const store = new BatchedStore();
    const claims = new GroupClaim(store);
    const both = () => Promise.all(['one', 'two'].map((key) => outcome(claims.claim(request(key)))));
    store.failure = new Error('the disk is full');
    expect(await both()).toEqual(['Error: the disk is full', 'Error: the disk is full']);
    store.failure = new RangeError('too long');
    expect(await both()).toEqual(['number', 'number']);
    store.failure = undefined;
    store.claimAll = async () => [];
    expect(await both()).toEqual(Array(2).fill('Error: claimAll resolved with 0 claims for 2 rooms'));
  });

  it('are asked one by one of a store that knows no other way', async () => {
    const claims = new GroupClaim(new MemoryStore());
    expect(await outcome(claims.claim(request('one')))).toBe('number');
  });
});
