import type { Type } from '@nestjs/common';
import { JamsocketConfigurationError } from '../base/errors.js';

/** Refuses a class at boot. @throws JamsocketConfigurationError that names the class, the mistake and the cure */
export function refuseClass(type: Type, mistake: string, cure: string): never {
  throw new JamsocketConfigurationError(`${type.name} ${mistake}: ${cure}.`);
}
