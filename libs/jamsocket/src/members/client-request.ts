import type { IncomingMessage } from 'node:http';

/** Between the names and values of the packed headers: no header can contain it. */
const SEPARATOR = '\n';

/**
 * The upgrade request a client came with. Headers are kept in one packed string until somebody asks for them:
 * most rooms never do, and ten thousand idle connections would pay for it.
 */
export class ClientRequest {
  /** Path and query as they were sent, such as `/ws/lobby?token=abc`. */
  readonly url: string;
  readonly #packedHeaders: string;

  constructor(
    request: IncomingMessage,
    /** Address of the client: of the peer, or what `trustProxy` proxies say. */
    readonly ip: string,
  ) {
    this.url = request.url ?? '/';
    this.#packedHeaders = request.rawHeaders.join(SEPARATOR);
  }

  /** Header values by lower-case name; several of the same name are joined with `, `. */
  get headers(): Readonly<Record<string, string | undefined>> {
    const headers = Object.create(null) as Record<string, string | undefined>;
    const raw = this.#packedHeaders.split(SEPARATOR);
    for (let at = 0; at + 1 < raw.length; at += 2) {
      const name = raw[at].toLowerCase();
      const before = headers[name];
      headers[name] = before === undefined ? raw[at + 1] : `${before}, ${raw[at + 1]}`;
    }
    return headers;
  }

  get query(): URLSearchParams {
    const start = this.url.indexOf('?');
    return new URLSearchParams(start < 0 ? '' : this.url.slice(start + 1));
  }
}
