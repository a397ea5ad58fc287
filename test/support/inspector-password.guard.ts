import { Injectable, UnauthorizedException, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { createHash, timingSafeEqual } from 'node:crypto';

const sha256 = (text: string) => createHash('sha256').update(text).digest();

/** Admits users with the password INSPECTOR_PASSWORD; the name does not matter. Only for TLS: Basic sends the password unencrypted. */
@Injectable()
export class InspectorPasswordGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const http = context.switchToHttp();
    const { authorization = '' } = http.getRequest<{ headers: Record<string, string | undefined> }>().headers;
    const given = Buffer.from(authorization.replace(/^Basic /i, ''), 'base64')
      .toString()
      .replace(/^[^:]*:/, '');
    const wanted = process.env.INSPECTOR_PASSWORD;
    if (wanted && timingSafeEqual(sha256(given), sha256(wanted))) return true;
    http.getResponse<{ header(name: string, value: string): void }>().header('WWW-Authenticate', 'Basic');
    throw new UnauthorizedException();
  }
}
