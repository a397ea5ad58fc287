import type { Room } from 'jamsocket-client';

/** Messages of a talker that may be on their way at a time. */
const WINDOW = 16;
/** Text, an event, bytes and a request in turn. */
const KINDS = 4;

export interface Topic {
  /** Follows the number in a message, so that messages have different lengths. */
  filling(): string;
  mayTalk(): boolean;
  /** Something was heard. */
  progressed(): void;
}

/** One client that numbers what it says and checks the numbers of what it hears. The next message waits for an echo. */
export class Talker {
  said = 0;
  requested = 0;
  /** Own messages that the room has told back, replies to requests, and messages to everyone. */
  readonly heard = { echo: 0, reply: 0, broadcast: 0 };
  readonly mistakes: string[] = [];
  /** Ids that the client has had. */
  readonly ids = new Set<number | undefined>();

  constructor(
    readonly room: Room,
    private readonly topic: Topic,
  ) {
    room.onText((text) => this.#hear(text.startsWith('echo ') ? 'echo' : 'broadcast', numberIn(text)));
    room.on('broadcast', ({ number }) => this.#hear('broadcast', number));
    room.on('volatile', () => undefined);
    room.onBinary((bytes) => this.#hear('broadcast', numberIn(new TextDecoder().decode(bytes))));
    room.onStatus(() => {
      if (room.status === 'open') this.ids.add(room.clientId);
      if (room.status === 'closed') this.mistakes.push(JSON.stringify(room.connection));
    });
  }

  /** Says as much as may be on its way. */
  talk(): void {
    while (this.topic.mayTalk() && this.said - this.heard.echo < WINDOW) this.#say(++this.said);
  }

  #say(number: number): void {
    const text = `${number} ${this.topic.filling()}`;
    const kind = number % KINDS;
    if (kind === 0) this.room.send(text);
    else if (kind === 1) this.room.emit('event', { text });
    else if (kind === 2) this.room.send(new TextEncoder().encode(text));
    else this.#request(number, text);
  }

  #request(number: number, text: string): void {
    const nth = ++this.requested;
    this.room.request('request', { text }).then(
      (reply) => {
        if (reply !== number) this.mistakes.push(`reply ${reply} to request ${number}`);
        this.#hear('reply', nth);
      },
      (error: unknown) => this.mistakes.push(`request ${number}: ${String(error)}`),
    );
  }

  #hear(what: keyof Talker['heard'], number: number): void {
    if (number !== this.heard[what] + 1) this.mistakes.push(`${what} ${number} after ${this.heard[what]}`);
    this.heard[what] = number;
    this.talk();
    this.topic.progressed();
  }
}

/** The first number in it, as in `echo 7 xxx`. */
export function numberIn(text: string): number {
  return Number(/\d+/.exec(text)?.[0]);
}
