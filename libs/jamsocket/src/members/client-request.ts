import type { IncomingMessage } from 'node:http';
import { pathAndQueryOf } from '../base/request-target.js';

/** Between the names and values of the packed headers: no header can contain it. */
const SEPARATOR = '\n';

/** Of these Node keeps the first and drops the rest; all others it joins (https://nodejs.org/api/http.html#messageheaders). */
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

/**
 * The upgrade request a client came with. Headers are kept in one packed string until somebody asks for them:
 * most rooms never do, and ten thousand idle connections would pay for it.
 */
export class ClientRequest {
  /** Path and query, such as `/ws/lobby?token=abc`. */
  readonly url: string;
  /**
   * Who the client is, where a guard written for HTTP has put that on its request, as passport does. Whatever else such
   * guards put there is here, too.
   */
  declare user?: any;
  readonly #packedHeaders: string;

  constructor(
    request: IncomingMessage,
    /** Address of the client: of the peer, or what `trustProxy` proxies say. */
    readonly ip: string,
  ) {
    this.url = pathAndQueryOf(request);
    this.#packedHeaders = request.rawHeaders.join(SEPARATOR);
  }

  /** That of a client of a room that was restored: its headers were not saved. */
  static restored(url: string, ip: string): ClientRequest {
    return new ClientRequest({ url, headers: {}, rawHeaders: [] as string[] } as IncomingMessage, ip);
  }

  /** Of every upgrade. */
  get method(): 'GET' {
    return 'GET';
  }

  /** Header values by lower-case name. Of several with the same name it is what Node makes of them. */
  get headers(): Readonly<Record<string, string | undefined>> {
    const headers = Object.create(null) as Record<string, string | undefined>;
    const raw = this.#packedHeaders.split(SEPARATOR);
    for (let at = 0; at + 1 < raw.length; at += 2) {
      const name = raw[at].toLowerCase();
      const before = headers[name];
      if (before === undefined) headers[name] = raw[at + 1];
      else if (!KEEP_FIRST.has(name)) headers[name] = `${before}${name === 'cookie' ? '; ' : ', '}${raw[at + 1]}`;
    }
    return headers;
  }

  /** A header, as Express has it. */
  get(name: string): string | undefined {
    return this.headers[name.toLowerCase()];
  }

  /**
   * What the client says who it is by: its subprotocol entry (option `tokenIn` of `jamsocket-client`) or the bearer of
   * its `Authorization` header, or else `token` in its query. Nobody has checked it: that is for a guard.
   */
  get token(): string | undefined {
    const bearer = /^Bearer +(.+)/i.exec(this.headers.authorization ?? '')?.[1];
    return bearer ?? (this.query.get('token') || undefined);
  }

  get query(): URLSearchParams {
    const start = this.url.indexOf('?');
    return new URLSearchParams(start < 0 ? '' : this.url.slice(start + 1));
  }
}
