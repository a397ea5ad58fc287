import type { Type } from '@nestjs/common';
import type { AnySchema, ContractSchemas, MessageSchemas } from '../../decorators/contract.js';
import type { PresenceMetadata } from '../../decorators/metadata.js';
import { isStandardSchema } from '../../decorators/standard-schema.js';
import type { FoundHandler } from './found-handler.js';
import { refuseClass } from '../class-mistake.js';

/** For a message without data: whatever the client sends, the handler gets nothing. */
const NO_DATA: AnySchema = {
  '~standard': { version: 1, vendor: 'nestjs-jamsocket', validate: () => ({ value: undefined }) },
};

/**
 * Gives the handlers of a class the schemas of its contract.
 * @throws JamsocketConfigurationError if handlers and contract differ, or the contract is invalid
 */
export function withContract(
  type: Type,
  contract: ContractSchemas | undefined,
  handlers: readonly FoundHandler[],
): readonly FoundHandler[] {
  if (contract === undefined) return handlers;
  refuseBadContract(type, contract);
  const messages = new Map(Object.entries(contract.messages ?? {}));
  const handled = new Set(handlers.map(({ metadata }) => metadata.kind === 'event' && metadata.event));
  for (const event of messages.keys())
    if (!handled.has(event))
      refuseClass(
        type,
        `has no handler for the message "${event}" of its contract`,
        `add a method with @OnMessage('${event}')`,
      );
  return handlers.map((handler) => {
    const { method, metadata } = handler;
    if (metadata.kind !== 'event') return handler;
    const { event } = metadata;
    const message = messages.get(event);
    if (message === undefined) {
      const known = [...messages.keys()].map((name) => `"${name}"`).join(', ') || 'none';
      refuseClass(
        type,
        `has @OnMessage('${event}') on ${method}(), but its contract has no such message (it has ${known})`,
        'correct the name, or add the message to the contract',
      );
    }
    const schema = isStandardSchema(message) ? message : ((message as MessageSchemas).data ?? NO_DATA);
    if (metadata.schema !== undefined && metadata.schema !== schema)
      refuseClass(
        type,
        `has @OnMessage('${event}') on ${method}() with another schema than its contract`,
        'leave the schema out of the decorator',
      );
    return { method, metadata: { ...metadata, schema } };
  });
}

/**
 * The presence of a class, with the schema of its contract.
 * @param metadata of `@Presence()`, if the class has it
 * @throws JamsocketConfigurationError if the two differ
 */
export function presenceWithContract(
  type: Type,
  contract: ContractSchemas | undefined,
  metadata: PresenceMetadata | undefined,
): PresenceMetadata | undefined {
  const schema = contract?.presence;
  if (schema === undefined) return metadata;
  if (metadata === undefined)
    refuseClass(type, 'has a contract with presence, but no presence', 'decorate the class with @Presence()');
  if (metadata.schema !== undefined && metadata.schema !== schema)
    refuseClass(type, 'has @Presence() with another schema than its contract', 'leave the schema out of the decorator');
  return { ...metadata, schema };
}

function refuseBadContract(type: Type, contract: ContractSchemas): void {
  refuseUnknownKeys(type, 'contract', contract, ['messages', 'events', 'state', 'presence']);
  for (const part of ['events', 'state'] as const)
    for (const [name, schema] of Object.entries(contract[part] ?? {})) refuseBadSchema(type, `${part}.${name}`, schema);
  refuseBadSchema(type, 'presence', contract.presence);
  for (const [event, message] of Object.entries(contract.messages ?? {})) {
    const path = `messages.${event}`;
    if (isStandardSchema(message)) continue;
    if (typeof message !== 'object' || message === null) refuseBadSchema(type, path, message);
    refuseUnknownKeys(type, path, message, ['data', 'reply']);
    for (const [part, schema] of Object.entries(message)) refuseBadSchema(type, `${path}.${part}`, schema);
  }
}

function refuseUnknownKeys(type: Type, path: string, value: object, allowed: readonly string[]): void {
  for (const key of Object.keys(value))
    if (!allowed.includes(key))
      refuseClass(type, `has a contract with the unknown key "${key}" in ${path}`, `use ${allowed.join(', ')}`);
}

function refuseBadSchema(type: Type, path: string, schema: unknown): void {
  if (schema === undefined || isStandardSchema(schema)) return;
  refuseClass(
    type,
    `has a contract whose ${path} is not a Standard Schema`,
    'use one of zod, valibot, arktype or another library of https://standardschema.dev',
  );
}
