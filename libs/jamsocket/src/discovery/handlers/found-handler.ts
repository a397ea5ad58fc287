import type { HandlerMetadata } from '../../decorators/metadata.js';

/** A method of a service class and one event it handles. */
export interface FoundHandler {
  readonly method: string;
  readonly metadata: HandlerMetadata;
}
