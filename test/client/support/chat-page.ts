import { expect } from '@jest/globals';
import {
  Broadcast,
  JamsocketContext,
  JamsocketRooms,
  JamsocketService,
  OnConnect,
  OnDisconnect,
  OnMessage,
  Presence,
  SharedState,
  type Client,
} from 'nestjs-jamsocket';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { Journal } from '../../support/gate.js';
import { startTestApp, type TestApp } from '../../support/test-app.js';
import { serve } from './pages.js';

/** What has happened in the chats. */
export const journal = new Journal();

const HTML = '<!doctype html><div id="root"></div><script type="module" src="/page.js"></script>';

/** A room with something for each part of the client. */
@JamsocketService()
@Presence({ everyMs: 0 })
export class ChatRoom {
  readonly board = new SharedState({ red: { points: 0 }, log: [] as number[] });

  constructor(private readonly ctx: JamsocketContext) {}

  @OnConnect()
  connect({ id, roomId }: Client) {
    journal.add(`${roomId}: ${id} is here`);
  }

  @OnMessage('say')
  say({ id, roomId }: Client, text: string) {
    journal.add(`${roomId}: ${id} says ${text}`);
    this.tell(`${id} says ${text}`);
  }

  @OnMessage('ask')
  ask({ id }: Client) {
    return `answer to ${id}`;
  }

  @OnDisconnect()
  disconnect({ id, roomId, closed }: Client) {
    journal.add(`${roomId}: ${id} has left with ${closed?.code}`);
  }

  tell(text: string) {
    this.ctx.emit(Broadcast, 'said', text);
  }

  score(points: number) {
    this.board.change(({ red }) => void (red.points += points));
  }

  count() {
    const [client] = this.ctx.clients.values();
    return client.ask('how many?', 'lines');
  }

  note(entry: number) {
    this.board.change(({ log }) => void log.push(entry));
    this.tell(`noted ${entry}`);
  }
}

/** A page with one script, which joins a chat, in a browser. */
export class ChatPage {
  readonly #sockets = new Set<Socket>();
  readonly #errors: Error[] = [];

  private constructor(
    readonly test: TestApp,
    readonly page: Page,
  ) {
    const server = test.app.getHttpServer() as Server;
    server.on('connection', (socket) => this.#sockets.add(socket));
    page.on('pageerror', (error) => this.#errors.push(error));
  }

  /** Starts an application that serves the script, and opens its page. */
  static async open(browser: Browser, script: string): Promise<ChatPage> {
    journal.clear();
    const files = { '/': HTML, '/page.js': script };
    const test = await startTestApp({ providers: [ChatRoom], configure: serve(files) });
    const chat = new ChatPage(test, await browser.newPage());
    await chat.page.goto(test.http);
    return chat;
  }

  get rooms(): JamsocketRooms {
    return this.test.app.get(JamsocketRooms);
  }

  press(name: string): Promise<void> {
    return this.page.getByRole('button', { name, exact: true }).click();
  }

  /** Resolves when the element shows exactly this. */
  shows(id: string, text: string): Promise<void> {
    return this.page.locator(`#${id}`).getByText(text, { exact: true }).waitFor();
  }

  /** Cuts the connections of the page. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Expects that the page has thrown nothing. */
  async close(): Promise<void> {
    await this.page.close();
    await this.test.close();
    expect(this.#errors).toEqual([]);
  }
}
