import type { ArgumentsHost, Type } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import type { Client } from '../members/client.js';
import type { Method } from './enhancers.js';

/**
 * The execution context of a room's enhancers, filters and parameter decorators. For those that are written for HTTP,
 * `switchToHttp()` has the client's upgrade request, and a response that is never sent.
 */
export class RoomExecutionContext extends ExecutionContextHost {
  #response: UnsentResponse | null = null;

  constructor(args: readonly unknown[], type: Type, method: Method) {
    super(args as unknown[], type, method);
    this.setType('ws');
  }

  override switchToHttp(): ReturnType<ArgumentsHost['switchToHttp']> {
    return {
      getRequest: <T>() => this.httpRequest as T,
      getResponse: <T>() => (this.#response ??= new UnsentResponse()) as T,
      getNext: <T>() => noNext as T,
    };
  }

  protected get httpRequest(): unknown {
    return this.getArgByIndex<Client | undefined>(0)?.request;
  }
}

/** A response that is never sent: throttling guards set headers on it. */
class UnsentResponse {
  readonly #headers = new Map<string, unknown>();

  setHeader(name: string, value: unknown): this {
    this.#headers.set(name.toLowerCase(), value);
    return this;
  }

  header(name: string, value: unknown): this {
    return this.setHeader(name, value);
  }

  getHeader(name: string): unknown {
    return this.#headers.get(name.toLowerCase());
  }

  removeHeader(name: string): void {
    this.#headers.delete(name.toLowerCase());
  }
}

function noNext(): void {}
