import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { rm } from 'node:fs/promises';
import { WebSocket as PartySocket } from 'partysocket';
import reconnectingWebSocket from 'reconnecting-websocket';
import websocket from 'websocket';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { newDataFolder, startDemo } from './support/demo-app.js';

/** Its types claim a `default` that its CommonJS build does not have. */
const ReconnectingWebSocket = reconnectingWebSocket as unknown as typeof reconnectingWebSocket.default;

/** The part of the browser's WebSocket that these clients share. */
interface BrowserLike {
  binaryType: string;
  addEventListener(type: 'open' | 'close', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  send(data: string | ArrayBuffer): void;
  close(): void;
}

/** What arrives, to be read one after the other. */
class Inbox<T> {
  #items: T[] = [];
  #waiting: ((item: T) => void)[] = [];

  readonly put = (item: T): void => {
    const reader = this.#waiting.shift();
    if (reader) reader(item);
    else this.#items.push(item);
  };

  next(): Promise<T> {
    const item = this.#items.shift();
    return item === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(item);
  }
}

describe('clients that others wrote work as they are', () => {
  let demo: Awaited<ReturnType<typeof startDemo>>;
  let dataFolder: string;
  beforeEach(async () => {
    dataFolder = await newDataFolder();
    demo = await startDemo({ dataFolder });
  });
  afterEach(async () => {
    await demo.close();
    await rm(dataFolder, { recursive: true });
  });

  const RECONNECT = { WebSocket, minReconnectionDelay: 20, maxReconnectionDelay: 100 };

  describe.each<[string, (url: string) => BrowserLike]>([
    ['partysocket', (url) => new PartySocket(url, [], RECONNECT)],
    ['reconnecting-websocket', (url) => new ReconnectingWebSocket(url, [], RECONNECT)],
  ])('%s', (_name, connect) => {
    let socket: BrowserLike;
    const inbox = new Inbox<unknown>();
    const openings = new Inbox<true>();

    async function open(path: string): Promise<void> {
      socket = connect(demo.ws + path);
      socket.binaryType = 'arraybuffer';
      socket.addEventListener('message', ({ data }) => inbox.put(data));
      socket.addEventListener('open', () => openings.put(true));
      await openings.next();
    }
    afterEach(() => socket.close());

    it('chats', async () => {
      await open('/ws/lobby');
      expect(await inbox.next()).toMatch(/^Welcome to the chat! Your name is client1\./);
      expect(await inbox.next()).toBe('client1 has joined the chat');
      socket.send('/nick bob');
      expect(await inbox.next()).toBe('client1 is now known as bob');
      socket.send('hello');
      expect(await inbox.next()).toBe('bob: hello');
    });

    it('echoes binary messages', async () => {
      await open('/ws/echo/bytes');
      const bytes = new Uint8Array(100_000).map((_, at) => at % 251);
      socket.send(bytes.buffer);
      expect(new Uint8Array((await inbox.next()) as ArrayBuffer)).toEqual(bytes);
    });

    it('comes back by itself when the server restarts', async () => {
      await open('/ws/counter/lasting');
      expect(await inbox.next()).toBe('new value: 0');
      socket.send('increment');
      expect(await inbox.next()).toBe('new value: 1');
      await demo.close();
      demo = await startDemo({ port: demo.port, dataFolder });
      await openings.next();
      expect(await inbox.next()).toBe('new value: 1');
      socket.send('increment');
      expect(await inbox.next()).toBe('new value: 2');
    });
  });

  it('websocket fragments what it sends', async () => {
    const client = new websocket.client({ fragmentOutgoingMessages: true, fragmentationThreshold: 1000 });
    const inbox = new Inbox<websocket.Message>();
    const connection = await new Promise<websocket.connection>((resolve, reject) => {
      client.on('connect', resolve);
      client.on('connectFailed', reject);
      client.connect(`${demo.ws}/ws/echo/fragments`);
    });
    connection.on('message', inbox.put);

    const text = 'fünfzig Fragmente, '.repeat(2_500);
    connection.sendUTF(text);
    expect(await inbox.next()).toEqual({ type: 'utf8', utf8Data: text });
    const bytes = Buffer.from(Array.from({ length: 60_000 }, (_, at) => at % 256));
    connection.sendBytes(bytes);
    connection.sendUTF('and then a short one');
    expect(await inbox.next()).toEqual({ type: 'binary', binaryData: bytes });
    expect(await inbox.next()).toEqual({ type: 'utf8', utf8Data: 'and then a short one' });

    const closed = new Promise((resolve) => connection.on('close', resolve));
    connection.close();
    expect(await closed).toBe(1000);
  });

  it('two y-websocket providers edit one document through the relay room', async () => {
    const open = () => {
      const doc = new Y.Doc();
      const provider = new WebsocketProvider(`${demo.ws}/ws/relay`, 'document', doc, {
        WebSocketPolyfill: WebSocket as never,
        // It would pass updates between documents of one process, past the server.
        disableBc: true,
      });
      return { doc, provider, text: doc.getText('text') };
    };
    const until = (doc: Y.Doc, isSo: () => boolean) =>
      new Promise<void>((resolve) => {
        const check = () => {
          if (!isSo()) return;
          doc.off('update', check);
          resolve();
        };
        doc.on('update', check);
        check();
      });

    const ann = open();
    ann.text.insert(0, 'Hello');
    const bob = open();
    try {
      await until(bob.doc, () => bob.text.toJSON() === 'Hello');
      // Both write at once, at both ends of what is there.
      bob.text.insert(5, ', world');
      ann.text.insert(0, '> ');
      const both = '> Hello, world';
      await Promise.all([ann, bob].map(({ doc, text }) => until(doc, () => text.toJSON() === both)));

      const names = new Promise<unknown[]>((resolve) => {
        bob.provider.awareness.on('change', () => {
          const states = [...bob.provider.awareness.getStates().values()];
          if (states.some((state) => state.name === 'Ann')) resolve(states);
        });
      });
      ann.provider.awareness.setLocalState({ name: 'Ann' });
      expect(await names).toContainEqual({ name: 'Ann' });
    } finally {
      for (const { provider, doc } of [ann, bob]) {
        provider.destroy();
        doc.destroy();
      }
    }
  });
});
