import { Injectable, UnauthorizedException, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import cookieParser from 'cookie-parser';
import type { Request, Response } from 'express';
import { promisify } from 'node:util';
import type { User } from './jwt.guard.js';

/** What main.ts passes to `app.use()`: upgrade requests pass no middleware, so the guard runs it. */
export const readCookies = promisify(cookieParser());

@Injectable()
export class CookieGuard implements CanActivate {
  constructor(private readonly jwt: JwtService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<Request & { user?: User }>();
    if (request.user !== undefined) return true;
    await readCookies(request, http.getResponse<Response>());
    const { access_token: token } = request.cookies as Record<string, string | undefined>;
    try {
      request.user = await this.jwt.verifyAsync<User>(token ?? '');
    } catch {
      throw new UnauthorizedException();
    }
    return true;
  }
}
