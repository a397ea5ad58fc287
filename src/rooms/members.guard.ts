import { Injectable, UnauthorizedException, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { Client } from 'nestjs-jamsocket';

export interface Member {
  name: string;
}

/** Members by token. A real application would ask its database or verify a JWT. */
const MEMBERS: ReadonlyMap<string, Member> = new Map([
  ['alice-token', { name: 'Alice' }],
  ['bob-token', { name: 'Bob' }],
]);

/** Admits clients with a valid token. `ClientRequest.token` says where clients can send it. */
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
