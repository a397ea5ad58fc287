import type { ContractSchemas, StandardSchema } from './schemas.js';
import { RoomError } from '../errors.js';

/** Validates data with a schema. @throws RoomError `invalid` */
export type Check = (kind: 'message' | 'reply' | 'event', event: string, data: unknown) => void;

/** Creates a check with the schemas of a contract. Data is only validated: a schema's transformed output is not used. */
export function contractCheck(contract: ContractSchemas): Check {
  return (kind, event, data) => {
    const schema = schemaFor(contract, kind, event);
    if (!schema) return;
    const result = schema['~standard'].validate(data);
    if (result instanceof Promise) throw new TypeError(`"${event}" has an asynchronous schema`);
    if (!result.issues) return;
    const issues = result.issues.map(({ message, path }) => ({ path: (path ?? []).map(keyOf), message }));
    const complaints = issues.map(({ message }) => message).join('; ');
    throw new RoomError('invalid', `${kind} "${event}": ${complaints}`, issues);
  };
}

function schemaFor(contract: ContractSchemas, kind: string, event: string): StandardSchema | undefined {
  if (kind === 'event') return own(contract.events, event);
  const message = own(contract.messages, event);
  if (!message) return undefined;
  if ('~standard' in message) return kind === 'message' ? message : undefined;
  return kind === 'message' ? message.data : message.reply;
}

function keyOf(part: PropertyKey | { readonly key: PropertyKey }): string | number {
  const key = typeof part === 'object' ? part.key : part;
  return typeof key === 'number' ? key : String(key);
}

/** Only own properties: an event may have a name such as `constructor`. */
function own<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record && Object.hasOwn(record, name) ? record[name] : undefined;
}
