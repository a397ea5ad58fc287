import type { IncomingMessage } from 'node:http';
import { pathAndQueryOf } from '../base/request-target.js';

/** Separates names and values of the packed headers. No header can contain it. */
const SEPARATOR = '\n';

/** Repeated headers of which Node keeps only the first; it joins all others (https://nodejs.org/api/http.html#messageheaders). */
const KEEP_FIRST: ReadonlySet<string> = new Set([
  'age',
  'authorization',
  'content-length',
  'content-type',
  'etag',
  'expires',
  'from',
  'host',
  'if-modified-since',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'referer',
  'retry-after',
  'server',
  'user-agent',
]);

/** Replaces the packed headers when something is read for the first time. One field for all: each costs every idle client. */
interface ParsedParts {
  readonly packedHeaders: string;
  headers: Readonly<Record<string, string | undefined>> | null;
  query: URLSearchParams | null;
}

/**
 * The upgrade request of a client. Headers stay in one packed string until they are read: most rooms never read them, and
 * parsed headers would cost memory for every idle connection.
 */
export class ClientRequest {
  /** Path and query, such as `/ws/lobby?token=abc`. */
  readonly url: string;
  /**
   * The user, if a guard written for HTTP has set `request.user`, as passport does. Other properties that guards set on the
   * request are here too.
   */
  declare user?: any;
  #parts: string | ParsedParts;

  constructor(
    request: IncomingMessage,
    /** Address of the client: that of the peer, or the one that proxies of `trustProxy` report. */
    readonly ip: string,
  ) {
    this.url = pathAndQueryOf(request);
    this.#parts = request.rawHeaders.join(SEPARATOR);
  }

  /** The request of a restored client, without headers: these are not saved. */
  static restored(url: string, ip: string): ClientRequest {
    return new ClientRequest({ url, headers: {}, rawHeaders: [] as string[] } as IncomingMessage, ip);
  }

  /** @internal The request of a client whose socket is on another node. */
  static received(url: string, ip: string, rawHeaders: string[]): ClientRequest {
    return new ClientRequest({ url, headers: {}, rawHeaders } as IncomingMessage, ip);
  }

  /** @internal Names and values in turn. */
  get rawHeaders(): string[] {
    const packed = typeof this.#parts === 'string' ? this.#parts : this.#parts.packedHeaders;
    return packed === '' ? [] : packed.split(SEPARATOR);
  }

  /** An upgrade is always a GET. */
  get method(): 'GET' {
    return 'GET';
  }

  /** Header values by lower-case name. Repeated headers are merged as Node does. Always the same object. */
  get headers(): Readonly<Record<string, string | undefined>> {
    const parsed = this.#parsed;
    return (parsed.headers ??= merged(this.rawHeaders));
  }

  /** Reads a header, as Express's `request.get`. */
  get(name: string): string | undefined {
    return this.headers[name.toLowerCase()];
  }

  /**
   * The client's token: from its subprotocol entry (option `tokenIn` of `jamsocket-client`), from the bearer of its
   * `Authorization` header, or from `token` in the query. It is not verified: do that in a guard.
   */
  get token(): string | undefined {
    const bearer = /^Bearer +(.+)/i.exec(this.headers.authorization ?? '')?.[1];
    return bearer ?? (this.query.get('token') || undefined);
  }

  /** Parameters of the query, percent-decoded. Of a repeated one, all values. Always the same object. */
  get query(): URLSearchParams {
    const start = this.url.indexOf('?');
    const parsed = this.#parsed;
    return (parsed.query ??= new URLSearchParams(start < 0 ? '' : this.url.slice(start + 1)));
  }

  get #parsed(): ParsedParts {
    if (typeof this.#parts === 'string') this.#parts = { packedHeaders: this.#parts, headers: null, query: null };
    return this.#parts;
  }
}

function merged(rawHeaders: readonly string[]): Readonly<Record<string, string | undefined>> {
  const headers = Object.create(null) as Record<string, string | undefined>;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at].toLowerCase();
    const before = headers[name];
    if (before === undefined) headers[name] = rawHeaders[at + 1];
    else if (!KEEP_FIRST.has(name)) headers[name] = `${before}${name === 'cookie' ? '; ' : ', '}${rawHeaders[at + 1]}`;
  }
  return headers;
}
