import { JamsocketConfigurationError } from '../base/errors.js';

const ROOM = ':room';
/** URL parsers remove dot segments from a path, and `__proto__` cannot be a property of the parameters. */
const UNREACHABLE: ReadonlySet<string> = new Set(['.', '..', ':__proto__']);

/** The path of a service below the module's prefix: literal segments and parameters, with `:room` at the end. */
export class PathTemplate {
  readonly segments: readonly string[];

  /** @throws JamsocketConfigurationError for an invalid path; `where` names the class */
  constructor(path: string | undefined, where: string) {
    const given = (path ?? '')
      .split('/')
      .filter((segment, at, all) => segment !== '' || (at > 0 && at < all.length - 1));
    this.segments = given.includes(ROOM) || given.some((segment) => segment.startsWith(':')) ? given : [...given, ROOM];
    if (this.segments.at(-1) !== ROOM) {
      throw new JamsocketConfigurationError(`${where}: the path "${path}" has parameters and must end in "/:room".`);
    }
    for (const segment of this.segments) {
      if (!/^:?[\w\-.~]+$/.test(segment) || UNREACHABLE.has(segment)) {
        throw new JamsocketConfigurationError(
          `${where}: "${segment}" in the path "${path}" is neither a word nor a parameter such as ":game".`,
        );
      }
    }
    if (new Set(this.paramNames).size < this.paramNames.length) {
      throw new JamsocketConfigurationError(
        `${where}: a parameter of the path "${path}" has the same name as another.`,
      );
    }
  }

  get paramNames(): string[] {
    return this.segments.filter((segment) => segment.startsWith(':')).map((segment) => segment.slice(1));
  }

  /** Two templates with the same shape match the same paths. */
  get shape(): string {
    return this.segments.map((segment) => (segment.startsWith(':') ? ':' : segment)).join('/');
  }

  /** Sorts literal segments before parameters, from left to right: the more specific path comes first. */
  static compare(this: void, a: PathTemplate, b: PathTemplate): number {
    // ':' sorts after '-' and '.' but before letters: replace parameters by a character that sorts after every word.
    const [x, y] = [a, b].map(({ shape }) => shape.replaceAll(':', '\uffff'));
    return x < y ? -1 : x > y ? 1 : 0;
  }

  /** The service's name: its path without the parameters. */
  get service(): string {
    return this.segments.filter((segment) => !segment.startsWith(':')).join('/') || 'default';
  }

  /** `/counter/:room` */
  toString(): string {
    return `/${this.segments.join('/')}`;
  }
}
