import type { Type } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { Client } from '../members/client.js';
import type { JamsocketContext } from '../members/room-context.js';
import type { Method } from './enhancers.js';
import { RoomExecutionContext } from './room-execution.js';

type Properties = Record<string, unknown>;

/** The execution context of a connect's guards. Guards that are written for HTTP get the upgrade request itself. */
export class ConnectExecution extends RoomExecutionContext {
  /** Properties of the request before the first guard asked for it; `null` until then. */
  #before: ReadonlySet<string> | null = null;

  constructor(
    private readonly client: Client,
    context: JamsocketContext | null,
    type: Type,
    method: Method,
    private readonly request: IncomingMessage | undefined,
  ) {
    super([client, undefined, context, 'connect'], type, method);
  }

  protected override get httpRequest(): unknown {
    if (this.request === undefined) return this.client.request;
    this.#before ??= prepared(this.request, this.client);
    return this.request;
  }

  /** Copies properties that guards added, such as `user`, to `client.request`: the upgrade request is not kept. */
  keepFindings(): void {
    if (this.#before === null) return;
    for (const [name, value] of Object.entries(this.request!)) {
      const isFinding = !this.#before.has(name) && value !== undefined && typeof value !== 'function';
      // Assigning would fail: `token` and other names have only a getter there.
      if (isFinding)
        Object.defineProperty(this.client.request, name, {
          value,
          writable: true,
          enumerable: true,
          configurable: true,
        });
    }
  }
}

/** Adds the properties that Express and Fastify add to a request. */
function prepared(request: IncomingMessage, { request: { ip, query }, params }: Client): ReadonlySet<string> {
  const properties = request as unknown as Properties;
  properties.get ??= (name: string) => request.headers[name.toLowerCase()];
  properties.ip ??= ip;
  properties.query ??= Object.fromEntries(query);
  properties.params ??= params;
  return new Set(Object.keys(request));
}
