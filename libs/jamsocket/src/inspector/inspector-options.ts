import type { CanActivate, Type } from '@nestjs/common';
import { JamsocketConfigurationError } from '../base/errors.js';
import { isWebAddress } from '../node/node-info.js';
import { badOption, boolean, guardList, integer, object } from '../options/rules.js';

/** Options of `JamsocketInspectorModule.forRoot` and `forRootAsync`. */
export interface JamsocketInspectorOptions {
  /** Path of the page, under the global prefix if there is one. Default `/inspector`. */
  path?: string;
  /**
   * Guards of the page and its buttons: classes or instances. They run for every request, including those for the page's
   * files. Default: only requests to `localhost` are allowed, and the application does not boot in production.
   */
  guards?: readonly (Type<CanActivate> | CanActivate)[];
  /**
   * Whether the page shows the fields of a room's service, `client.data`, the values of presence and the queries of upgrade
   * requests. Default `false`.
   */
  state?: boolean;
  /**
   * Address of this process's own page, such as `http://10.0.0.1:3000/inspector`. In a cluster the pages of the other processes
   * link to it. Default: they only name the process.
   */
  url?: string;
  /** Milliseconds between two readings, 20 to 10,000. Default 1,000. */
  intervalMs?: number;
}

/** The options with every default filled in. */
export type ResolvedInspectorOptions = Readonly<Required<Omit<JamsocketInspectorOptions, 'url'>>> & {
  readonly url: string | undefined;
};

/** The options, checked and with defaults. */
export const INSPECTOR_OPTIONS = Symbol('JAMSOCKET_INSPECTOR_OPTIONS');

const WHERE = 'JamsocketInspectorModule.forRoot: options';

const resolve = object<ResolvedInspectorOptions>({
  path: urlPath,
  guards: guardList,
  state: boolean(false),
  url: webAddress,
  intervalMs: integer(20, 10_000, 1_000),
});

/**
 * Checks the options and fills in the defaults.
 * @throws JamsocketConfigurationError for a bad value, and in production if there are no guards
 */
export function resolveInspectorOptions(given: JamsocketInspectorOptions = {}): ResolvedInspectorOptions {
  const options = resolve(given, WHERE);
  if (process.env.NODE_ENV === 'production' && options.guards.length === 0) {
    throw new JamsocketConfigurationError(
      `${WHERE}.guards lists no guard, and NODE_ENV is "production": anyone who can reach the server could read what ` +
        'clients send, disconnect them and close rooms. Add a guard, such as { guards: [AdminGuard] }, or do not import the module in production.',
    );
  }
  return options;
}

function urlPath(value: unknown = '/inspector', path: string): string {
  if (typeof value === 'string' && /^\/?[\w\-.~]+(\/[\w\-.~]+)*$/.test(value)) return `/${value.replace(/^\//, '')}`;
  throw badOption(path, value, "a path such as '/inspector', without parameters and without a slash at its end");
}

function webAddress(value: unknown, path: string): string | undefined {
  if (value === undefined || isWebAddress(value)) return value;
  throw badOption(path, value, "a complete address such as 'http://10.0.0.1:3000/inspector'");
}
