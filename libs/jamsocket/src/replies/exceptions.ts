import { HttpException, IntrinsicException } from '@nestjs/common';
import { WsException } from '@nestjs/websockets';
import type { SchemaIssue } from '../decorators/standard-schema.js';
import { isInstance } from '../base/foreign-value.js';
import { boundedJson } from './bounded-json.js';
import type { MessageId } from './reply.js';

/** Most issues of a refused message. A message of a megabyte can have a million mistakes, each named with its path. */
const MAX_ISSUES = 20;
const MAX_TEXT = 200;
const MAX_PATH = 16;
const MAX_PATH_PART = 64;
/** Most characters of JSON in the data of one `exception` event. */
const MAX_DATA = 16 * 1024;

/** The event's schema refused the data of a message. The client gets the issues. */
export class MessageValidationError extends WsException {
  /** The first 20. Their messages are cut at 200 characters, and their paths at 16 parts of 64 characters. */
  readonly issues: readonly SchemaIssue[];
  /** How many issues the schema found. */
  readonly issueCount: number;

  constructor(
    readonly event: string,
    issues: readonly SchemaIssue[],
  ) {
    const kept = issues.slice(0, MAX_ISSUES).map(shortIssue);
    const rest = issues.length > kept.length ? `; and ${issues.length - kept.length} more` : '';
    super(`The data of "${event}" is not valid: ${kept.map(({ message }) => message).join('; ')}${rest}`);
    this.issues = kept;
    this.issueCount = issues.length;
  }
}

/** There is no handler for a message. The sender gets this error. */
export class UnroutableMessage extends WsException {
  constructor(
    message: string,
    readonly id: MessageId | undefined,
  ) {
    super(message);
  }
}

/** `data` of an `exception` event, in the form of Nest's own ws exceptions. */
export interface ExceptionData {
  status: 'error';
  message: unknown;
  [more: string]: unknown;
}

/**
 * The `exception` event for an error, as text.
 * @throws an error of reading the error's data, or TypeError if that is not serialisable; never for `undefined`
 */
export function exceptionText(error: unknown, id: MessageId | undefined): string {
  const data = exceptionData(error);
  const json = boundedJson(data, MAX_DATA) ?? JSON.stringify(shortData(data));
  return `{"event":"exception","data":${json}${id === undefined ? '' : `,"id":${JSON.stringify(id)}`}}`;
}

/** What the client is told: details of its own mistakes, but nothing about errors of the server. */
function exceptionData(error: unknown): ExceptionData | object {
  if (isInstance(error, MessageValidationError)) {
    return { status: 'error', message: error.message, issues: error.issues };
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

/** Whether an error reports the client's own mistake; any other error is logged. Never throws. */
export function isForTheClient(error: unknown): boolean {
  try {
    if (error instanceof HttpException) return error.getStatus() < 500;
    return error instanceof WsException || error instanceof IntrinsicException;
  } catch {
    return false;
  }
}

/** The `id` of the message that caused the error, if the error has it. */
export function messageIdOf(error: unknown): MessageId | undefined {
  return isInstance(error, UnroutableMessage) ? error.id : undefined;
}

function shortIssue({ message, path }: SchemaIssue): SchemaIssue {
  return { message: cut(String(message), MAX_TEXT), path: path?.slice(0, MAX_PATH).map(keyOf) };
}

function keyOf(part: PropertyKey | { readonly key: PropertyKey }): string | number {
  const key = typeof part === 'object' ? part.key : part;
  return typeof key === 'number' ? key : cut(String(key), MAX_PATH_PART);
}

/** Shortens data that is too long: keeps its short fields, and the first of several messages. */
function shortData(data: object): object {
  const { message } = data as { message?: unknown };
  const short: Record<string, unknown> = { status: 'error' };
  for (const [key, value] of Object.entries(data).slice(0, MAX_ISSUES)) {
    const isShort = typeof value === 'string' ? value.length <= MAX_TEXT : typeof value === 'number';
    if (isShort && key.length <= MAX_PATH_PART) short[key] = value;
  }
  return { ...short, message: shortMessage(message) };
}

function shortMessage(message: unknown): string | string[] {
  if (typeof message === 'string') return cut(message, MAX_TEXT);
  const texts = Array.isArray(message) ? message.filter((text) => typeof text === 'string') : [];
  if (texts.length === 0) return 'The error message is too long to be sent.';
  const kept = texts.slice(0, MAX_ISSUES).map((text) => cut(text, MAX_TEXT));
  return texts.length > kept.length ? [...kept, `and ${texts.length - kept.length} more`] : kept;
}

function cut(text: string, max: number): string {
  return text.length > max ? `${text.slice(0, max)}…` : text;
}
