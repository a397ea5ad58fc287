import { HttpException } from '@nestjs/common';
import { WsException } from '@nestjs/websockets';
import { serialize } from 'node:v8';
import { deserializeOwned } from '../base/deserialize-owned.js';
import {
  JamsocketError,
  RefusedError,
  RoomClosedError,
  type JamsocketErrorCode,
  type RefusalCode,
} from '../base/errors.js';
import { describeError } from '../base/foreign-value.js';
import { DurableError, type DurableErrorCode } from '../durable/durable-error.js';
import { StoreError, type StoreErrorCode } from '../store/store-error.js';

/** An error on its way to another node. */
interface SentError {
  readonly type: 'refused' | 'closed' | 'jamsocket' | 'durable' | 'store' | 'http' | 'ws' | 'error' | 'value';
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: unknown;
  readonly status?: number;
  /** The response of an HttpException, the error of a WsException, the headers of a refusal, or the thrown value. */
  readonly content?: unknown;
  /** Further fields of the error. */
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly cause?: SentError;
}

/** Causes of causes are left out. */
const MAX_CAUSES = 3;

/** Never throws: what cannot be read or cloned is left out. */
export function encodeError(error: unknown): Buffer {
  return serialize(sentAs(error, 0));
}

/** The error as it was: an instance of the same class if that is one of this library or of Nest. */
export function decodeError(bytes: Uint8Array): unknown {
  return received(deserializeOwned(bytes) as SentError);
}

function sentAs(error: unknown, depth: number): SentError {
  try {
    return readAs(error, depth);
  } catch {
    const { name, message } = describeError(error);
    return { type: 'error', name, message };
  }
}

/** May throw: reading the fields of an error may run code of the application. */
function readAs(error: unknown, depth: number): SentError {
  if (!(error instanceof Error)) return { type: 'value', name: typeof error, message: '', content: clonable(error) };
  const { name, message, stack } = error;
  const cause = error.cause !== undefined && depth < MAX_CAUSES ? sentAs(error.cause, depth + 1) : undefined;
  const sent = { name: String(name), message: String(message), stack, cause };
  if (error instanceof RoomClosedError) return { ...sent, type: 'closed', content: error.close };
  if (error instanceof RefusedError)
    return { ...sent, type: 'refused', code: error.code, status: error.getStatus(), content: error.headers };
  if (error instanceof HttpException)
    return { ...sent, type: 'http', status: statusOf(error), content: clonable(error.getResponse()) };
  if (error instanceof WsException) return { ...sent, type: 'ws', content: clonable(error.getError()) };
  if (error instanceof JamsocketError) return { ...sent, type: 'jamsocket', code: error.code };
  if (error instanceof DurableError) return { ...sent, type: 'durable', code: error.code };
  if (error instanceof StoreError) return { ...sent, type: 'store', code: error.code };
  const fields = Object.fromEntries(
    Object.entries(error)
      .map(([key, value]) => [key, clonable(value)] as const)
      .filter(([key, value]) => value !== undefined && key !== 'cause' && key !== 'stack'),
  );
  return { ...sent, type: 'error', fields };
}

function statusOf(error: HttpException): number {
  const status: unknown = error.getStatus();
  return typeof status === 'number' ? status : 500;
}

function clonable(value: unknown): unknown {
  try {
    serialize(value);
    return value;
  } catch {
    return undefined;
  }
}

function received(sent: SentError): unknown {
  if (sent.type === 'value') return sent.content;
  const cause = sent.cause === undefined ? undefined : { cause: received(sent.cause) };
  const error = withoutName(sent, cause);
  if (error.name !== sent.name) define(error, 'name', sent.name);
  if (sent.stack !== undefined) define(error, 'stack', sent.stack);
  return error;
}

function withoutName(sent: SentError, options: ErrorOptions | undefined): Error {
  const { type, message, code, status = 500, content } = sent;
  switch (type) {
    case 'refused':
      return new RefusedError(status, code as RefusalCode, message, content as Record<string, string>, options);
    case 'closed': {
      const error = new RoomClosedError('', content as RoomClosedError['close']);
      error.message = message;
      return error;
    }
    case 'http':
      return new HttpException((content ?? message) as string | object, status, options);
    case 'ws':
      return new WsException(content ?? message);
    case 'jamsocket':
      return new JamsocketError(code as JamsocketErrorCode, message, options);
    case 'durable':
      return new DurableError(code as DurableErrorCode, message, options);
    case 'store':
      return new StoreError(code as StoreErrorCode, message, options);
    case 'error':
    case 'value':
      return Object.assign(new Error(message, options), sent.fields);
  }
}

function define(error: Error, name: 'name' | 'stack', value: string): void {
  Object.defineProperty(error, name, { value, writable: true, enumerable: false, configurable: true });
}
