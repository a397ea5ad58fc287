import { Inject, Injectable, UnauthorizedException, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { Request, RequestHandler, Response } from 'express';
import type { SessionData } from 'express-session';
import { promisify } from 'node:util';
import type { User } from './jwt.guard.js';

/** `session({ … })` of express-session, as a provider: main.ts passes it to `app.use(app.get(SESSIONS))`. */
export const SESSIONS = Symbol('SESSIONS');

@Injectable()
export class SessionGuard implements CanActivate {
  constructor(@Inject(SESSIONS) private readonly sessions: RequestHandler) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<Request & { session: SessionData & { user?: User }; user?: User }>();
    if (request.user !== undefined) return true;
    // Upgrade requests pass no middleware. For an HTTP request this does nothing: it has its session already.
    await promisify(this.sessions)(request, http.getResponse<Response>());
    request.user = request.session.user;
    if (request.user === undefined) throw new UnauthorizedException();
    return true;
  }
}
