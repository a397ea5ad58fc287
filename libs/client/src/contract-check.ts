import type { ContractSchemas, StandardSchema } from './contract.js';
import { RoomError } from './errors.js';

/** Holds data against a schema. @throws RoomError `invalid` */
export type Check = (kind: 'message' | 'reply' | 'event', event: string, data: unknown) => void;

/** A check against the schemas of a contract. Data is checked and not changed: what goes over the wire is what it was. */
export function contractCheck(contract: ContractSchemas): Check {
  return (kind, event, data) => {
    const schema = schemaFor(contract, kind, event);
    if (!schema) return;
    const result = schema['~standard'].validate(data);
    if (result instanceof Promise) throw new TypeError(`"${event}" has an asynchronous schema`);
    if (!result.issues) return;
    const issues = result.issues.map(({ message, path }) => ({ message, path: path?.map(keyOf) }));
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

/** Names such as `constructor` are ordinary events. */
function own<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record && Object.hasOwn(record, name) ? record[name] : undefined;
}
