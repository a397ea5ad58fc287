import type { Type } from '@nestjs/common';

/** Metadata key of `@ApiExcludeController()` of @nestjs/swagger, which need not be installed. */
const EXCLUDE_CONTROLLER = 'swagger/apiExcludeController';

/** Hides the controller's routes from the application's Swagger documents, or shows them. */
export function hideFromSwagger(controller: Type, isHidden = true): void {
  Reflect.defineMetadata(EXCLUDE_CONTROLLER, [isHidden], controller);
}
