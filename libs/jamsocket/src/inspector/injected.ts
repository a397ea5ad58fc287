import { Logger, type Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { JamsocketContext } from '../members/room-context.js';
import type { IsInjected } from './state-view.js';

/** Recognises injected values, which are not a service's state: the application's providers and instances of their classes. */
export function injectedBy(modules: ModulesContainer): IsInjected {
  const instances = new Set<unknown>();
  const classes = new Set<unknown>([JamsocketContext, Logger]);
  for (const module of modules.values()) {
    for (const { instance, metatype } of [...module.providers.values(), ...module.injectables.values()]) {
      if (typeof instance === 'object' && instance !== null) instances.add(instance);
      if (isClass(metatype)) classes.add(metatype);
    }
  }
  return (value) => instances.has(value) || classes.has(value.constructor);
}

/** Whether it is a class and not a factory function. */
function isClass(metatype: unknown): metatype is Type {
  return typeof metatype === 'function' && Object.hasOwn(metatype, 'prototype') && metatype !== Object;
}
