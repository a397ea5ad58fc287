import { isUtf8 } from 'node:buffer';

const WEB_ORIGIN = /^(https?):\/\/(.+)$/i;
/** Host and port only: no user, path, query or fragment. */
const AUTHORITY = /^[^\s/?#@\\]+$/;
// eslint-disable-next-line no-control-regex
const ASCII = /^[\u0000-\u007f]*$/;

/** The origin of a web page. */
export interface WebOrigin {
  readonly scheme: 'http' | 'https';
  /** Host and port as sent: `app.example.com`, `app.example.com:8080`. */
  readonly authority: string;
}

/** The web page that an `Origin` header names; `undefined` for other origins, such as `null` or a browser extension. */
export function parseWebOrigin(origin: string): WebOrigin | undefined {
  const [, scheme, authority] = WEB_ORIGIN.exec(origin) ?? [];
  return scheme === undefined ? undefined : { scheme: scheme.toLowerCase() as WebOrigin['scheme'], authority };
}

/**
 * One spelling for equal origins: lower case, punycode, without the default port and without a dot at the end.
 * `undefined` if the authority is not a host with an optional port.
 */
export function canonicalOrigin({ scheme, authority }: WebOrigin): string | undefined {
  const url = `${scheme}://${decoded(authority)}`;
  if (!AUTHORITY.test(authority) || !URL.canParse(url)) return undefined;
  const { hostname, port } = new URL(url);
  return `${scheme}://${hostname.replace(/\.$/, '')}${port === '' ? '' : `:${port}`}`;
}

/** Node decodes headers as Latin-1, but a host name without punycode is sent as UTF-8. */
function decoded(header: string): string {
  if (ASCII.test(header)) return header;
  const bytes = Buffer.from(header, 'latin1');
  return isUtf8(bytes) && bytes.toString('latin1') === header ? bytes.toString() : header;
}
