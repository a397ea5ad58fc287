import { setTimeout as sleep } from 'node:timers/promises';
import { UseGuards, type CanActivate } from '@nestjs/common';
import { WsException } from '@nestjs/websockets';
import {
  Broadcast,
  type Client,
  JamsocketContext,
  JamsocketService,
  OnConnect,
  OnDestroy,
  OnDisconnect,
  OnMessage,
} from 'nestjs-jamsocket';
import { Journal } from './journal';

class Nobody implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

@JamsocketService()
export class ChatRoom {
  constructor(
    private readonly ctx: JamsocketContext,
    private readonly journal: Journal,
  ) {}

  @OnConnect()
  connect(client: Client): void {
    this.ctx.sendMessage(Broadcast, `client${client.id} has joined ${this.ctx.roomId}`);
  }

  @OnMessage()
  message(client: Client, text: string): void {
    this.ctx.sendMessage(Broadcast, `client${client.id}: ${text}`);
  }

  @OnMessage('add')
  add(_client: Client, { a, b }: { a: number; b: number }): { event: string; data: number } {
    return { event: 'sum', data: a + b };
  }

  @OnMessage('fail')
  fail(): never {
    throw new WsException('as told');
  }

  @UseGuards(Nobody)
  @OnMessage('forbidden')
  forbidden(): void {
    this.journal.add('a forbidden handler ran');
  }

  @OnDisconnect()
  disconnect(client: Client): void {
    this.journal.add(`client${client.id} disconnected`);
  }

  @OnDestroy()
  async destroy(): Promise<void> {
    await sleep(20);
    this.journal.add('room destroyed');
  }
}
