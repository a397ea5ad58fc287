import { Controller, Post, Req, Res, UnauthorizedException } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import type { Request, Response } from 'express';
import { readCookies } from './cookie.guard.js';
import type { User } from './jwt.guard.js';

const DAY_MS = 24 * 3_600_000;
/** Not the secret of JwtGuard, which would accept a refresh token otherwise. */
const REFRESH_SECRET = 'another secret';

@Controller('auth')
export class AuthController {
  constructor(private readonly jwt: JwtService) {}

  /** Check the password here. The refresh token goes into a cookie that no script can read and no other site can send. */
  @Post('login')
  async logIn(@Res({ passthrough: true }) response: Response): Promise<void> {
    const refreshToken = await this.jwt.signAsync({ sub: 'ann' }, { secret: REFRESH_SECRET, expiresIn: '30d' });
    response.cookie('refresh_token', refreshToken, {
      httpOnly: true,
      secure: true,
      sameSite: 'strict',
      path: '/auth',
      maxAge: 30 * DAY_MS,
    });
  }

  /** A token for the next minutes. Look up here whether the user may still come in. */
  @Post('token')
  async token(@Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<{ token: string }> {
    await readCookies(request, response);
    const { refresh_token: refreshToken = '' } = request.cookies as Record<string, string | undefined>;
    const { sub } = await this.jwt
      .verifyAsync<User>(refreshToken, { secret: REFRESH_SECRET })
      .catch(() => Promise.reject(new UnauthorizedException()));
    return { token: await this.jwt.signAsync({ sub }, { expiresIn: '5m' }) };
  }
}
