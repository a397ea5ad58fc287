import { withStore, type StoreAddress } from './open-store.js';
import type { RecordDigest } from './record-models.js';
import { hashOf } from './watched-store.js';

// Reads records in its own process: `node reader.js <address> <room>…`.
const [address, ...rooms] = process.argv.slice(2);
const digests = await withStore(JSON.parse(address) as StoreAddress, (store) =>
  Promise.all(
    rooms.map(async (key): Promise<RecordDigest> => {
      const { record } = await store.claim({ service: 'ledger', key }, `reader ${process.pid}`);
      if (record === undefined) return { key, sequence: 0, parts: {}, segments: [] };
      const parts = Object.fromEntries(Object.entries(record.parts).map(([name, bytes]) => [name, hashOf(bytes)]));
      const segments = record.segments.map(({ number, bytes }) => [number, hashOf(bytes)] as const);
      return { key, sequence: record.sequence, parts, segments };
    }),
  ),
);
process.stdout.write(JSON.stringify(digests));
