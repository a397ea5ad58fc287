import { HttpException, IntrinsicException } from '@nestjs/common';
import { WsException } from '@nestjs/websockets';
import type { SchemaIssue } from '../decorators/standard-schema.js';
import { isInstance } from '../base/foreign-value.js';
import { UnroutableMessage, type MessageId } from './json-events.js';

/** A message whose data the event's schema refused. The client gets the issues. */
export class MessageValidationError extends WsException {
  constructor(
    readonly event: string,
    readonly issues: readonly SchemaIssue[],
  ) {
    super(`The data of "${event}" is not valid: ${issues.map((issue) => issue.message).join('; ')}`);
  }
}

/** `data` of the `exception` event that tells a client what went wrong, in the form of Nest's own ws exceptions. */
export interface ExceptionData {
  status: 'error';
  message: unknown;
  [more: string]: unknown;
}

/** What a client may know of an error: everything about its own mistakes, nothing about ours. */
export function exceptionData(error: unknown): ExceptionData | object {
  if (isInstance(error, MessageValidationError)) {
    const issues = error.issues.map((issue) => ({ message: issue.message, path: issue.path?.map(keyOf) }));
    return { status: 'error', message: error.message, issues };
  }
  if (isInstance(error, WsException)) {
    const body = error.getError();
    return typeof body === 'object' ? body : { status: 'error', message: body };
  }
  if (isInstance(error, HttpException) && error.getStatus() < 500) {
    const body = error.getResponse();
    return typeof body === 'object' ? { status: 'error', ...body } : { status: 'error', message: body };
  }
  return { status: 'error', message: 'Internal server error' };
}

/** Errors that speak to the client; any other is a bug to be logged. Never throws. */
export function isForTheClient(error: unknown): boolean {
  try {
    if (error instanceof HttpException) return error.getStatus() < 500;
    return error instanceof WsException || error instanceof IntrinsicException;
  } catch {
    return false;
  }
}

/** The `id` of the message an error belongs to, where only the error knows it. */
export function messageIdOf(error: unknown): MessageId | undefined {
  return isInstance(error, UnroutableMessage) ? error.id : undefined;
}

function keyOf(part: PropertyKey | { readonly key: PropertyKey }): string | number {
  const key = typeof part === 'object' ? part.key : part;
  return typeof key === 'number' ? key : String(key);
}
