import {
  Broadcast,
  everyoneExcept,
  JamsocketContext,
  JamsocketService,
  OnConnect,
  OnCreate,
  OnMessage,
  OnTimer,
  type Client,
} from 'nestjs-jamsocket';
import { TestClient } from '../test-client.js';

const PLAYERS = ['ann', 'bob', 'chloe', 'dev', 'emil', 'fatou', 'goro', 'hana', 'ines'];

@JamsocketService()
export class ChatRoom {
  topic = 'release day';

  constructor(private readonly ctx: JamsocketContext) {}

  @OnMessage()
  message(_client: Client, text: string) {
    this.ctx.sendMessage(Broadcast, text);
  }
}

@JamsocketService('board')
export class BoardRoom {
  readonly shapes: unknown[] = [];

  constructor(private readonly ctx: JamsocketContext) {}

  @OnMessage('move')
  move(client: Client, data: { x: number; y: number }) {
    this.ctx.emit(everyoneExcept(client), 'moved', { by: client.id, ...data });
  }
}

@JamsocketService('quiz')
export class QuizRoom {
  round = 3;
  readonly question = { text: 'Which river is the longest?', choices: ['Nile', 'Amazon', 'Yangtze'], answer: 0 };
  readonly scores = new Map<string, number>();
  isOpen = true;

  constructor(private readonly ctx: JamsocketContext) {}

  @OnCreate()
  create() {
    this.ctx.setTimer(45_000, 'next question');
    this.ctx.setTimer(600_000, 'end of the quiz');
  }

  @OnConnect()
  connect(client: Client) {
    const name = PLAYERS[(Number(client.id) - 1) % PLAYERS.length];
    client.data = { name };
    client.tag(Number(client.id) % 2 === 0 ? 'team blue' : 'team red');
    this.scores.set(name, 0);
    this.ctx.emit(Broadcast, 'joined', { name });
  }

  @OnMessage('answer')
  answer(client: Client<{ name: string }>, data: { choice: number }) {
    const score = (this.scores.get(client.data.name) ?? 0) + (data.choice === this.question.answer ? 10 : 0);
    this.scores.set(client.data.name, score);
    this.ctx.emit(Broadcast, 'score', { name: client.data.name, score });
    return { event: 'accepted', data: { round: this.round } };
  }

  @OnTimer('next question')
  next() {}

  @OnTimer('end of the quiz')
  end() {}
}

const CHATS = ['general', 'support', 'release-4.2', 'design', 'random', 'hiring', 'on-call', 'book-club', 'lunch'];
const BOARDS = ['roadmap-2026', 'retro-sprint-31', 'architecture', 'onboarding', 'customer-journey', 'brainstorm'];
const QUIZZES = ['pub-night', 'geography', 'class-5b', 'movies'];

/** Clients that talk for a while, each room at a pace of its own. */
export class Crowd {
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #clients: TestClient[] = [];
  #said = 0;

  async gather(ws: string): Promise<void> {
    for (const [index, room] of CHATS.entries())
      await this.#fill(`${ws}/ws/${room}`, 3 + ((index * 5) % 14), chat, 900);
    for (const [index, room] of BOARDS.entries())
      await this.#fill(`${ws}/ws/board/${room}`, 2 + ((index * 3) % 7), move, 110 + index * 60);
    for (const [index, room] of QUIZZES.entries())
      await this.#fill(`${ws}/ws/quiz/${room}`, 9 - index * 2, answer, 400);
    for (let guest = 0; guest < 40; guest++) await this.#fill(`${ws}/ws/dm-${1000 + guest * 37}`, 2, chat, 9_000);
  }

  async leave(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(this.#clients.map((client) => client.close()));
  }

  async #fill(url: string, count: number, say: (turn: number) => string, pauseMs: number): Promise<void> {
    const clients = await Promise.all(Array.from({ length: count }, () => TestClient.connect(url)));
    this.#clients.push(...clients);
    const talk = () => clients[this.#said % clients.length].send(say(this.#said++));
    this.#timers.push(setInterval(talk, pauseMs));
  }
}

const LINES = ['good morning', 'the build is green', 'who takes the next one?', 'done 🎉', 'see you at three'];
const chat = (turn: number) => `${PLAYERS[turn % 9]}: ${LINES[turn % LINES.length]}`;
const move = (turn: number) => JSON.stringify({ event: 'move', data: { x: (turn * 37) % 800, y: (turn * 53) % 600 } });
const answer = (turn: number) => JSON.stringify({ event: 'answer', data: { choice: turn % 3 } });
