import type { PipeTransform } from '@nestjs/common';
import type { ContextId } from '@nestjs/core';
import type { Enhancers } from '../enhancers.js';

/** A room's instance, and what it needs if its enhancers are built for each room. */
export interface Host {
  readonly service: object;
  readonly scoped: ScopedEnhancers | null;
}

/** The scoped enhancers of a room. */
export interface ScopedEnhancers {
  /** Their id in Nest's injector. */
  readonly contextId: ContextId;
  /** By handler plan; found for the room's first call of each. */
  readonly found: Map<object, HandlerEnhancers>;
}

/** The enhancers of a handler, and the pipes of its decorated parameters. */
export interface HandlerEnhancers extends Enhancers {
  readonly parameterPipes: readonly (readonly PipeTransform[])[];
}
