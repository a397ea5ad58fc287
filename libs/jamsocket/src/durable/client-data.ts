import { DurableError } from './durable-error.js';
import { encode, recordOf } from './record.js';
import type { RecordedRoom } from './recorded-room.js';
import { savedData } from './room-image.js';
import { findUnclonable, serialized, thrown } from './unclonable.js';

/** No client has data or tags. */
export const NO_DATA = encode([]);

/** What is saved of the clients' `data` and tags. @throws DurableError `bad_state` */
export function clientData({ clients, className }: RecordedRoom): Buffer {
  const data = savedData(clients.values());
  for (const [id, value] of data) {
    const mistake = unclonableIn(value, className, id);
    if (mistake === undefined) continue;
    throw new DurableError(
      'bad_state',
      `client.data${mistake.path} of client ${id} of ${className} cannot be saved: it is ${mistake.what}, which a structured clone would refuse or change.`,
    );
  }
  if (data.length === 0) return NO_DATA;
  return serialized(recordOf(data), () =>
    data.map(([id, value]) => [`client.data of client ${id} of ${className}`, value]),
  );
}

function unclonableIn(value: unknown, className: string, id: number): ReturnType<typeof findUnclonable> {
  try {
    return findUnclonable(value);
  } catch (error) {
    throw new DurableError(
      'bad_state',
      `client.data of client ${id} of ${className} cannot be saved: reading it threw ${thrown(error)}.`,
      {
        cause: error,
      },
    );
  }
}
