import type { ServiceDefinition } from '../discovery/definitions.js';
import { PathTemplate } from '../discovery/path-template.js';
import { RefusedError } from '../base/errors.js';
import { isDevelopment } from '../base/hints.js';
import type { RoomAddress } from '../members/room-address.js';
import { addressOf, mistakeInParam } from '../rooms/room-name.js';

export interface Route {
  readonly definition: ServiceDefinition;
  readonly address: RoomAddress;
}

/** Finds the service of a path. Literal segments take precedence over parameters, from left to right. */
export class RouteTable {
  readonly #definitions: readonly ServiceDefinition[];

  constructor(
    private readonly prefix: string,
    definitions: readonly ServiceDefinition[],
  ) {
    this.#definitions = [...definitions].sort((a, b) => PathTemplate.compare(a.template, b.template));
  }

  /** The paths of all services, such as `/ws/counter/:room`. */
  get paths(): string[] {
    return this.#definitions.map(({ template }) => this.prefix + template.toString());
  }

  /** Whether this module answers requests for the URL. With the prefix `/` only if the URL matches a service. */
  owns(url: string): boolean {
    if (this.prefix === '') return this.#match(this.#segmentsOf(url)) !== undefined;
    return pathOf(url).startsWith(`${this.prefix}/`);
  }

  /** @throws RefusedError `no_such_service`, `bad_url`, `bad_room_id` */
  find(url: string): Route {
    const segments = this.#segmentsOf(url);
    const definition = this.#match(segments);
    if (definition === undefined) throw this.noService('No room service is at this path.');
    const params: Record<string, string> = {};
    for (const [at, segment] of definition.template.segments.entries()) {
      if (!segment.startsWith(':')) continue;
      params[segment.slice(1)] = decodeParam(segments[at], definition.options.limits.maxRoomIdLength);
    }
    return { definition, address: addressOf(definition, params) };
  }

  /** Lists the existing paths in development only: in production they are not disclosed. */
  noService(message: string): RefusedError {
    if (!isDevelopment()) return new RefusedError(404, 'no_such_service', message);
    const paths = this.paths.join(', ');
    const hint = paths ? `Existing paths: ${paths}.` : 'There are no room services.';
    const cure = 'Is your class with @JamsocketService() listed in the providers of a module?';
    return new RefusedError(404, 'no_such_service', `${message} ${hint} ${cure}`);
  }

  /** Ignores a slash at the end, except before a missing parameter: `/ws/counter/` must not match the default service. */
  #segmentsOf(url: string): string[] {
    const segments = pathOf(url)
      .slice(this.prefix.length + 1)
      .split('/');
    const isMissing = ({ template }: ServiceDefinition) => matches(template.segments, [...segments.slice(0, -1), '-']);
    if (segments.at(-1) === '' && !this.#definitions.some(isMissing)) segments.pop();
    return segments;
  }

  #match(segments: readonly string[]): ServiceDefinition | undefined {
    return this.#definitions.find(({ template }) => matches(template.segments, segments));
  }
}

function pathOf(url: string): string {
  const end = url.search(/[?#]/);
  return end < 0 ? url : url.slice(0, end);
}

function matches(template: readonly string[], path: readonly string[]): boolean {
  return (
    template.length === path.length &&
    template.every((segment, at) => (segment.startsWith(':') ? path[at] !== '' : segment === path[at]))
  );
}

function decodeParam(text: string, maxLength: number): string {
  let value = text;
  try {
    if (text.includes('%')) value = decodeURIComponent(text);
  } catch {
    throw new RefusedError(400, 'bad_url', 'The path has an invalid percent-encoding.');
  }
  const mistake = mistakeInParam(value, maxLength);
  if (mistake) throw new RefusedError(400, 'bad_room_id', `A parameter of the path ${mistake}.`);
  return value;
}
