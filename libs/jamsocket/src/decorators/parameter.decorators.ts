import { createParamDecorator, type ExecutionContext } from '@nestjs/common';

/** Index of `ctx` in the arguments `(client, message, ctx, pattern)` of every execution context. */
const CONTEXT_ARGUMENT = 2;

/** The room's `JamsocketContext`, as a handler's parameter. */
export const RoomContext = createParamDecorator((_: unknown, execution: ExecutionContext) =>
  execution.getArgByIndex<unknown>(CONTEXT_ARGUMENT),
);

/** Short for `@RoomContext()`. Use the long name if the application also imports `@Ctx()` of `@nestjs/microservices`. */
export const Ctx = RoomContext;

/** The id of the room, as a handler's parameter. */
export const RoomId = createParamDecorator(
  (_: unknown, execution: ExecutionContext) =>
    execution.getArgByIndex<{ roomId: string } | undefined>(CONTEXT_ARGUMENT)?.roomId,
);
