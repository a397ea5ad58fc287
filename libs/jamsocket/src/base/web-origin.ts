import { isUtf8 } from 'node:buffer';

const WEB_ORIGIN = /^(https?):\/\/(.+)$/i;
/** Host and port, and nothing else that an URL has. */
const AUTHORITY = /^[^\s/?#@\\]+$/;
// eslint-disable-next-line no-control-regex
const ASCII = /^[\u0000-\u007f]*$/;

/** The origin of a web page. */
export interface WebOrigin {
  readonly scheme: 'http' | 'https';
  /** Host and port as sent: `app.example.com`, `app.example.com:8080`. */
  readonly authority: string;
}

/** What an `Origin` header names, or `undefined` if that is no web page: `null`, or the scheme of an extension. */
export function parseWebOrigin(origin: string): WebOrigin | undefined {
  const [, scheme, authority] = WEB_ORIGIN.exec(origin) ?? [];
  return scheme === undefined ? undefined : { scheme: scheme.toLowerCase() as WebOrigin['scheme'], authority };
}

/**
 * One spelling for all that mean the same: lower case, punycode, without the scheme's own port and the root's dot.
 * `undefined` if the authority is no host with an optional port.
 */
export function canonicalOrigin({ scheme, authority }: WebOrigin): string | undefined {
  const url = `${scheme}://${decoded(authority)}`;
  if (!AUTHORITY.test(authority) || !URL.canParse(url)) return undefined;
  const { hostname, port } = new URL(url);
  return `${scheme}://${hostname.replace(/\.$/, '')}${port === '' ? '' : `:${port}`}`;
}

/** Node takes the bytes of a header for Latin-1; a name that is not in punycode comes in UTF-8. */
function decoded(header: string): string {
  if (ASCII.test(header)) return header;
  const bytes = Buffer.from(header, 'latin1');
  return isUtf8(bytes) && bytes.toString('latin1') === header ? bytes.toString() : header;
}
