import { WsException } from '@nestjs/websockets';
import type { Client } from '../../members/client.js';
import type { JamsocketContext } from '../../members/room-context.js';
import type { PresenceSettings } from '../../presence/presence-settings.js';
import { valueJson } from '../../presence/value-json.js';
import { MessageValidationError } from '../../replies/exceptions.js';
import type { Handler } from '../../room/room-definition.js';
import type { TurnMeter } from '../../traffic/turn-meter.js';

/** Handles the values that clients of a class with `@Presence()` set for themselves. */
export class PresenceHandler implements Handler {
  readonly kind = 'event';
  isAsync = false;
  meter: TurnMeter | null = null;

  constructor(
    readonly name: string,
    private readonly settings: PresenceSettings,
  ) {}

  call(client: Client | undefined, value: unknown, context: JamsocketContext): void | Promise<void> {
    const { schema, byClients } = this.settings;
    if (!byClients) throw new WsException('The presence of clients is set by the server.');
    if (schema === undefined || value === undefined) return this.#set(client!, value, context);
    const result = schema['~standard'].validate(value);
    if (!(result instanceof Promise)) return this.#take(client!, result, context);
    return result.then((settled) => this.#take(client!, settled, context));
  }

  filter(): boolean {
    return false;
  }

  #take(
    client: Client,
    result: Awaited<ReturnType<NonNullable<PresenceSettings['schema']>['~standard']['validate']>>,
    context: JamsocketContext,
  ): void {
    if (result.issues !== undefined) throw new MessageValidationError('presence', result.issues);
    this.#set(client, result.value, context);
  }

  #set(client: Client, value: unknown, context: JamsocketContext): void {
    const { maxBytes } = this.settings;
    if (valueJson(value, maxBytes) === null)
      throw new WsException(`The presence of a client has at most ${maxBytes} bytes as JSON.`);
    context.presence.set(client, value);
  }
}
