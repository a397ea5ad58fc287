import { HttpException, HttpStatus, IntrinsicException } from '@nestjs/common';
import { WsException } from '@nestjs/websockets';
import type { SchemaIssue } from '../decorators/standard-schema.js';
import { isInstance } from '../base/foreign-value.js';
import { boundedJson } from './bounded-json.js';
import { cut, issuesIn, issuesOf, issuesOfSchema, MAX_ISSUES, type Issue, type Issues } from './issues.js';
import type { MessageId } from './reply.js';

const MAX_TEXT = 200;
const MAX_KEY = 64;
/** Most issues in data that would be too long with all of them. */
const SHORT_ISSUES = 5;
/** Most characters of JSON in the data of one `exception` event. */
const MAX_DATA = 16 * 1024;

/** The event's schema refused the data of a message. The client gets the issues. */
export class MessageValidationError extends WsException {
  readonly code = 'invalid';
  /** The first 20. Their messages are cut at 200 characters, and their paths at 16 parts of 64 characters. */
  readonly issues: readonly Issue[];
  /** How many issues the schema found. */
  readonly issueCount: number;

  constructor(
    readonly event: string,
    issues: readonly SchemaIssue[],
  ) {
    const { kept, count } = issuesOfSchema(issues);
    super(`The data of "${event}" is not valid: ${summaryOf({ kept, count })}`);
    this.issues = kept;
    this.issueCount = count;
  }
}

/** There is no handler for a message. The sender gets this error. */
export class UnroutableMessage extends WsException {
  constructor(
    readonly code: 'bad_id' | 'bad_message' | 'unknown_event',
    message: string,
    readonly id: MessageId | undefined,
  ) {
    super(message);
  }
}

/** A guard has refused a message. */
export class ForbiddenMessage extends WsException {
  readonly code = 'forbidden';

  constructor() {
    super('Forbidden resource');
  }
}

/** `data` of an `exception` event: one shape, whatever has refused the message. */
export interface ExceptionData {
  /** As in the exceptions of Nest's gateways. */
  readonly status: 'error';
  /** Stable and meant for programs. */
  readonly code: string;
  readonly message: string;
  /** If the data of the message is invalid: what is wrong with it. */
  readonly issues?: readonly Issue[];
  readonly [more: string]: unknown;
}

/**
 * The `exception` event for an error, as text.
 * @throws an error of reading the error's data, or TypeError if that is not serialisable; never for `undefined`
 */
export function exceptionText(error: unknown, id: MessageId | undefined): string {
  const data = exceptionData(error);
  const json = boundedJson(data, MAX_DATA) ?? shortJson(data);
  return `{"event":"exception","data":${json}${id === undefined ? '' : `,"id":${JSON.stringify(id)}`}}`;
}

/** What the client is told: details of its own mistakes, but nothing about errors of the server. */
function exceptionData(error: unknown): ExceptionData {
  if (isInstance(error, MessageValidationError)) {
    const { code, message, issues } = error;
    return { status: 'error', code, message, issues };
  }
  if (isInstance(error, WsException)) return dataOf(error.getError(), error, 'refused');
  if (isInstance(error, HttpException) && error.getStatus() < 500)
    return dataOf(error.getResponse(), error, codeOfStatus(error.getStatus()));
  return { status: 'error', code: 'internal', message: 'Internal server error' };
}

/** @param body what the exception was made with */
function dataOf(body: unknown, error: Error, defaultCode: string): ExceptionData {
  const found = issuesOf(error) ?? issuesIn(body) ?? issuesIn((body as { issues?: unknown } | undefined)?.issues);
  const given = typeof body === 'object' && body !== null && !Array.isArray(body) ? body : {};
  const { code = (error as { code?: unknown }).code, message } = given as { code?: unknown; message?: unknown };
  const text = textOf(message) ?? (found ? summaryOf(found) : (textOf(body) ?? error.message));
  return {
    ...given,
    status: 'error',
    code: typeof code === 'string' ? code : found ? 'invalid' : defaultCode,
    message: text,
    ...(found && { issues: found.kept }),
    // A message that is not a text is kept under another name.
    ...(isDetailed(message) && found === undefined && { details: message }),
  };
}

/** A text, or a list of texts as one. */
function textOf(message: unknown): string | undefined {
  if (typeof message === 'string') return message;
  if (!Array.isArray(message) || message.length === 0 || !message.every((text) => typeof text === 'string'))
    return undefined;
  const rest = message.length - MAX_ISSUES;
  return message.slice(0, MAX_ISSUES).join('; ') + (rest > 0 ? `; and ${rest} more` : '');
}

function isDetailed(message: unknown): boolean {
  return message !== undefined && textOf(message) === undefined;
}

function summaryOf({ kept, count }: Issues): string {
  const rest = count > kept.length ? `; and ${count - kept.length} more` : '';
  return kept.map(({ message }) => message).join('; ') + rest;
}

/** The name of an HTTP status as a code: `not_found`. */
function codeOfStatus(status: number): string {
  return HttpStatus[status]?.toLowerCase() ?? 'refused';
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

function shortJson(data: ExceptionData): string {
  const short = shortData(data);
  const issues = data.issues?.slice(0, SHORT_ISSUES);
  return boundedJson({ ...short, issues }, MAX_DATA) ?? JSON.stringify(short);
}

/** Shortens data that is too long: keeps its short fields. */
function shortData(data: ExceptionData): object {
  const short: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(data).slice(0, MAX_ISSUES)) {
    const isShort = typeof value === 'string' ? value.length <= MAX_TEXT : typeof value === 'number';
    if (isShort && key.length <= MAX_KEY) short[key] = value;
  }
  const { status, code, message } = data;
  return { ...short, status, code: cut(code), message: cut(message) };
}
