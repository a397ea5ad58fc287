import type { Type } from '@nestjs/common';

/** What `@ApiExcludeController()` of @nestjs/swagger writes; the package itself need not be there. */
const EXCLUDE_CONTROLLER = 'swagger/apiExcludeController';

/** Keeps the controller's routes out of the application's Swagger documents, or lets them in. */
export function hideFromSwagger(controller: Type, isHidden = true): void {
  Reflect.defineMetadata(EXCLUDE_CONTROLLER, [isHidden], controller);
}
