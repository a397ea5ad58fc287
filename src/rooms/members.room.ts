import { UseGuards } from '@nestjs/common';
import {
  Broadcast,
  JamsocketContext,
  JamsocketService,
  OnConnect,
  OnDisconnect,
  OnMessage,
  type Client,
} from 'nestjs-jamsocket';
import { MembersGuard, type Member } from './members.guard.js';

/** For members with a token. Without one the upgrade is refused with 401, before there is a WebSocket. */
@JamsocketService('members')
export class MembersRoom {
  constructor(private readonly ctx: JamsocketContext) {}

  @OnConnect()
  @UseGuards(MembersGuard)
  connect(client: Client<Member>) {
    this.ctx.sendMessage(Broadcast, `${client.data.name} is here`);
  }

  @OnMessage()
  message(client: Client<Member>, text: string) {
    this.ctx.sendMessage(Broadcast, `${client.data.name}: ${text}`);
  }

  @OnDisconnect()
  disconnect(client: Client<Member>) {
    this.ctx.sendMessage(Broadcast, `${client.data.name} has gone`);
  }
}
