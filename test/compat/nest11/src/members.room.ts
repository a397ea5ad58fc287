import { type CanActivate, type ExecutionContext, Injectable, UnauthorizedException, UseGuards } from '@nestjs/common';
import { type Client, JamsocketService, OnConnect } from 'nestjs-jamsocket';

@Injectable()
export class TokenGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const client = context.switchToWs().getClient<Client<{ name: string }>>();
    if (client.request.query.get('token') !== 'secret') throw new UnauthorizedException('no valid token');
    client.data = { name: 'ann' };
    return true;
  }
}

@JamsocketService('members')
export class MembersRoom {
  @UseGuards(TokenGuard)
  @OnConnect()
  connect(client: Client<{ name: string }>): void {
    client.sendMessage(`welcome ${client.data.name}`);
  }
}
