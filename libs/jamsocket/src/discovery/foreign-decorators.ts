import type { Type } from '@nestjs/common';
import { MetadataScanner } from '@nestjs/core';
import { metadataKeysOf } from '../decorators/metadata-accessor.js';

/** A decorator of another package, which would call the method on an instance without a room. */
export interface ForeignDecorator {
  /** `@OnEvent() of @nestjs/event-emitter on announce()` */
  readonly what: string;
  readonly cure: string;
}

const CALL_INTO =
  'put it into a provider or controller of its own, and have that call the room with JamsocketRooms.invoke()';

/** By prefix of the metadata key. None of these packages exports its keys. */
const DECORATORS: readonly (readonly [key: string, what: string, cure?: string])[] = [
  ['EVENT_LISTENER_METADATA', '@OnEvent() of @nestjs/event-emitter'],
  ['websockets:is_gateway', '@WebSocketGateway()', 'remove it: @JamsocketService() is all a room service needs'],
  ['websockets:message_mapping', '@SubscribeMessage()', 'use @OnMessage() with the name of the event'],
  ['microservices:', '@MessagePattern() or @EventPattern() of @nestjs/microservices'],
  ['bullmq:', 'a decorator of @nestjs/bullmq'],
  ['bull:', 'a decorator of @nestjs/bull'],
  ['graphql:', 'a decorator of @nestjs/graphql'],
  ['__commandHandler__', '@CommandHandler() of @nestjs/cqrs'],
  ['__queryHandler__', '@QueryHandler() of @nestjs/cqrs'],
  ['__eventsHandler__', '@EventsHandler() of @nestjs/cqrs'],
  ['__saga__', '@Saga() of @nestjs/cqrs'],
  ['__controller__', '@Controller()'],
];

/** `@Get()` and the other route decorators set both of these keys. */
const ROUTE_KEYS = ['path', 'method'];

const scanner = new MetadataScanner();

/** The first decorator that rooms do not support, on a class or its methods, including inherited ones. */
export function foreignDecoratorOn(type: Type): ForeignDecorator | undefined {
  const prototype = type.prototype as Record<string, object>;
  return (
    foreignMark(type, '') ??
    scanner
      .getAllMethodNames(prototype)
      .reduce<ForeignDecorator | undefined>(
        (found, method) => found ?? foreignMark(prototype[method], ` on ${method}()`),
        undefined,
      )
  );
}

function foreignMark(target: object, where: string): ForeignDecorator | undefined {
  const keys = metadataKeysOf(target);
  for (const [begin, what, cure] of DECORATORS) {
    if (keys.some((key) => key.startsWith(begin))) return { what: what + where, cure: cure ?? CALL_INTO };
  }
  if (!ROUTE_KEYS.every((key) => keys.includes(key))) return undefined;
  return { what: `the decorator of an HTTP route${where}`, cure: CALL_INTO };
}
