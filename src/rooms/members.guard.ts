import { Injectable, UnauthorizedException, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { Client } from 'nestjs-jamsocket';

export interface Member {
  name: string;
}

/** Who has which token. Your application would ask its database or check a JWT. */
const MEMBERS: ReadonlyMap<string, Member> = new Map([
  ['alice-token', { name: 'Alice' }],
  ['bob-token', { name: 'Bob' }],
]);

/** Lets in whoever has a token, from wherever a client can send one: see `ClientRequest.token`. */
@Injectable()
export class MembersGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const client = context.switchToWs().getClient<Client<Member>>();
    const { token } = client.request;
    const member = token === undefined ? undefined : MEMBERS.get(token);
    if (member === undefined) throw new UnauthorizedException('This room is for members: connect with a valid token.');
    client.data = member;
    return true;
  }
}
