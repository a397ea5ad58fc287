import type { Type } from '@nestjs/common';
import { JamsocketConfigurationError } from '../../base/errors.js';
import { parameterMetadataOf, paramTypesOf } from '../../decorators/metadata-accessor.js';
import type { HandlerMetadata } from '../../decorators/metadata.js';
import { Client } from '../../members/client.js';
import { JamsocketContext } from '../../members/room-context.js';
import type { FoundHandler } from './found-handler.js';

/** Types that the compiler emits for parameters that cannot be a client. */
const NO_CLIENTS: readonly unknown[] = [String, Number, Boolean, Array, Buffer, Uint8Array, JamsocketContext];

const MESSAGES: readonly HandlerMetadata['kind'][] = ['message', 'event', 'binary'];

/**
 * Finds swapped parameters in the types that the compiler emits. The types of the decorators find more, but cannot know
 * whether the parameters have decorators of their own; then their order does not matter.
 * @throws JamsocketConfigurationError
 */
export function refuseSwappedParameters(type: Type, handlers: readonly FoundHandler[]): void {
  for (const { method, metadata } of handlers) {
    if (!MESSAGES.includes(metadata.kind) || parameterMetadataOf(type, method) !== undefined) continue;
    // Not of a rest parameter: its type says nothing of what it gets.
    const { length } = (type.prototype as Record<string, { readonly length: number }>)[method];
    const [first, second] = paramTypesOf(type, method).slice(0, length);
    const isSwapped = NO_CLIENTS.includes(first) || (first !== Client && second === Client);
    if (!isSwapped && second !== JamsocketContext) continue;
    throw new JamsocketConfigurationError(
      `${type.name} has a message handler ${method}() whose parameters are not in the order (client, data, ctx): change their order, or give each a decorator such as @MessageBody().`,
    );
  }
}
