import {
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Span,
  type Tracer,
} from '@opentelemetry/api';
import { describeError } from '../base/foreign-value.js';
import type { ClientRequest } from '../members/client-request.js';
import type { ObservedTurn, RoomObserver, TurnKind, TurnOutcome } from '../observe/room-observer.js';
import {
  CLIENT_ATTRIBUTE,
  HANDLER_ATTRIBUTE,
  ROOM_ATTRIBUTE,
  SERVICE_ATTRIBUTE,
  type JamsocketOpenTelemetryOptions,
} from './opentelemetry-options.js';

const KINDS: Readonly<Partial<Record<TurnKind, SpanKind>>> = {
  connect: SpanKind.SERVER,
  resume: SpanKind.SERVER,
  disconnect: SpanKind.SERVER,
  message: SpanKind.CONSUMER,
  event: SpanKind.CONSUMER,
  binary: SpanKind.CONSUMER,
};

/** Creates a span for each run of a handler. Spans that the handler creates are children of it. */
export class HandlerSpans implements RoomObserver {
  readonly #spans = new WeakMap<ObservedTurn, { readonly span: Span; readonly context: Context }>();
  /** Trace contexts of upgrade requests, cached: parsing the headers for every message would be too expensive. */
  readonly #upgrades = new WeakMap<ClientRequest, Context>();

  constructor(
    private readonly tracer: Tracer,
    private readonly upgradeContext: NonNullable<JamsocketOpenTelemetryOptions['upgradeContext']>,
  ) {}

  turnStarted(turn: ObservedTurn): void {
    const origin = this.#originOf(turn);
    const isLinked = this.upgradeContext === 'link' && turn.client !== undefined;
    const linked = isLinked ? trace.getSpanContext(origin) : undefined;
    const parent = isLinked ? ROOT_CONTEXT : origin;
    const span = this.tracer.startSpan(
      turn.handler,
      {
        kind: KINDS[turn.kind] ?? SpanKind.INTERNAL,
        attributes: attributesOf(turn),
        links: linked === undefined ? [] : [{ context: linked }],
      },
      parent,
    );
    this.#spans.set(turn, { span, context: trace.setSpan(parent, span) });
  }

  runTurn(turn: ObservedTurn, run: () => void | Promise<void>): void {
    const found = this.#spans.get(turn);
    if (found === undefined) return;
    // `with` returns the promise of the turn, which the room awaits itself.
    void context.with(found.context, run);
  }

  turnEnded(turn: ObservedTurn, { hasFailed, error, fault }: TurnOutcome): void {
    const span = this.#spans.get(turn)?.span;
    if (span === undefined) return;
    if (hasFailed) {
      const { name, message, stack } = describeError(error);
      span.recordException({ name, message, stack });
      span.setAttribute('error.type', name);
      // As in the conventions for HTTP servers, a client's mistake is not an error of the server's span.
      if (fault === 'server') span.setStatus({ code: SpanStatusCode.ERROR, message });
    }
    span.end();
  }

  /** The parent of a turn's span: the client's upgrade request, or the caller of `invoke`. A timer's turn has none. */
  #originOf({ client, runAsCaller }: ObservedTurn): Context {
    if (runAsCaller !== undefined) return runAsCaller(() => context.active());
    if (client === undefined || this.upgradeContext === 'ignored') return ROOT_CONTEXT;
    let upgrade = this.#upgrades.get(client.request);
    if (upgrade === undefined) {
      upgrade = propagation.extract(ROOT_CONTEXT, client.request.headers);
      this.#upgrades.set(client.request, upgrade);
    }
    return upgrade;
  }
}

function attributesOf({ room, handler, kind, client, message }: ObservedTurn): Attributes {
  const attributes: Attributes = {
    [HANDLER_ATTRIBUTE]: handler,
    [SERVICE_ATTRIBUTE]: room.service,
    [ROOM_ATTRIBUTE]: room.roomId,
  };
  if (client !== undefined) attributes[CLIENT_ATTRIBUTE] = client.id;
  if (KINDS[kind] !== SpanKind.CONSUMER) return attributes;
  attributes['messaging.system'] = 'jamsocket';
  attributes['messaging.operation.name'] = handler;
  attributes['messaging.operation.type'] = 'process';
  attributes['messaging.destination.name'] = room.roomId;
  if (typeof message === 'string') attributes['messaging.message.body.size'] = Buffer.byteLength(message);
  else if (message instanceof Uint8Array) attributes['messaging.message.body.size'] = message.byteLength;
  return attributes;
}
