import { Injectable, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import {
  Broadcast,
  JamsocketContext,
  JamsocketService,
  OnConnect,
  OnMessage,
  OnTimer,
  type Client,
} from 'nestjs-jamsocket';

@Injectable()
export class Questions {
  next() {
    return 'What is 6 times 7?';
  }
}

@Injectable()
export class NameGuard implements CanActivate {
  canActivate(context: ExecutionContext) {
    const client = context.switchToWs().getClient<Client<string>>();
    client.data ??= client.request.query.get('name') ?? '';
    return client.data !== '';
  }
}

/** Asks, waits ten seconds for the answer, and says good night at midnight. */
@JamsocketService('quiz')
export class QuizRoom {
  constructor(
    private readonly ctx: JamsocketContext,
    private readonly questions: Questions,
  ) {}

  @OnConnect()
  @UseGuards(NameGuard)
  connect(client: Client<string>) {
    client.sendMessage(this.questions.next());
    this.ctx.setTimer(10_000);
  }

  @OnMessage()
  async message(client: Client<string>, answer: string) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return answer === '42' ? `Right, ${client.data}!` : 'No.';
  }

  @OnTimer()
  tooLate() {
    this.ctx.sendMessage(Broadcast, 'Too late.');
  }

  @Cron('0 0 * * *', { timeZone: 'UTC' })
  goodNight() {
    this.ctx.sendMessage(Broadcast, 'Good night.');
  }
}
