import {
  Broadcast,
  JamsocketContext,
  JamsocketService,
  OnConnect,
  OnMessage,
  SharedState,
  State,
  type Client,
} from 'nestjs-jamsocket';
import { SeededRandom } from 'nestjs-jamsocket/testing';
import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { stir, type Field } from './stirring.js';

export const TEAMS = 3;

export interface Sight {
  mine: Field['units'];
  others: Record<string, { x: number; y: number }>;
  crowd: Field['crowd'];
}

/** What a team may see of the field: its own units whole, and where the others are. */
export function seenBy({ units, crowd, isFoggy }: Field, team: number): Sight | undefined {
  if (isFoggy && team === TEAMS - 1) return undefined;
  const [mine, others]: [Field['units'], Sight['others']] = [{}, {}];
  for (const [id, unit] of Object.entries(units)) {
    if (typeof unit === 'object' && unit !== null && unit.team !== team) others[id] = { x: unit.x, y: unit.y };
    else mine[id] = unit;
  }
  return { mine, others, crowd };
}

/** Objects that do not change any more. */
const texts = new WeakMap<object, string>();

/** A value as text: the same for equal values, whatever the order of their keys is. */
export function textOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  let text = texts.get(value);
  if (text !== undefined) return text;
  if (Array.isArray(value)) text = `[${value.map(textOf).join()}]`;
  else {
    const members = Object.entries(value).filter(([, part]) => part !== undefined);
    text = `{${members
      .map(([key, part]) => `${JSON.stringify(key)}:${textOf(part)}`)
      .sort()
      .join()}}`;
  }
  texts.set(value, text);
  return text;
}

export function digestOf(text: string): string {
  return createHash('sha1').update(text).digest('base64');
}

/** Every state that rooms had, as each team could see it. */
export const past = Array.from({ length: TEAMS }, () => new Set<string>());

/** What the server says when it is asked from outside. */
export interface Truth {
  readonly board: Field;
  readonly field: Field;
  readonly teams: Readonly<Record<number, number>>;
}

/** Many elements that move, seen whole (`board`) and as each team may see them (`field`). */
class AnyFieldRoom {
  /** By id of a client; those that have just come in see what team 0 does. */
  @State() readonly teams: Record<number, number> = {};
  readonly board = new SharedState<Field>({ tick: 0, units: {}, crowd: [], isFoggy: false });
  readonly field = new SharedState<Field, Sight | undefined>(
    { tick: 0, units: {}, crowd: [], isFoggy: false },
    { view: (field, { id }) => seenBy(field as Field, this.teams[id] ?? 0) },
  );

  constructor(readonly ctx: JamsocketContext) {
    this.#note();
  }

  @OnConnect()
  connect(client: Client) {
    this.teams[client.id] = client.id % TEAMS;
    this.field.refresh();
    client.emit('team', this.teams[client.id]);
  }

  @OnMessage('team')
  join(client: Client, team: number) {
    this.teams[client.id] = team;
    this.field.refresh();
    client.emit('team', team);
  }

  @OnMessage()
  echo(client: Client, text: string) {
    client.sendMessage(text);
  }

  /** Some changes in one turn. */
  async stir(seed: number) {
    const random = new SeededRandom(seed);
    for (let changes = 1 + (random.uint32() % 3); changes > 0; changes--) {
      const state = random.uint32() % 2 === 0 ? this.board : this.field;
      stir(state, random);
      this.#note();
      const then = random.uint32() % 4;
      if (then === 0) this.ctx.emit(Broadcast, 'now', this.#now.map(digestOf));
      else if (then === 1) await setImmediate();
    }
  }

  mark(text: string) {
    this.ctx.sendMessage(Broadcast, text);
  }

  truth(): Truth {
    return structuredClone({ board: this.board.value as Field, field: this.field.value as Field, teams: this.teams });
  }

  /** What each team sees. */
  get #now(): string[] {
    const [board, field] = [this.board.value, this.field.value as Field];
    return past.map((_states, team) => textOf({ board, field: seenBy(field, team) }));
  }

  #note() {
    for (const [team, text] of this.#now.entries()) past[team].add(text);
  }
}

/** Clients resume with exactly what they had. */
@JamsocketService({ path: 'field', durable: { save: 'turn' } })
export class FieldRoom extends AnyFieldRoom {
  constructor(ctx: JamsocketContext) {
    super(ctx);
  }
}

/** After a crash, clients that have seen more than was saved begin anew. */
@JamsocketService({ path: 'lazy', durable: { save: { everyMs: 1_000 } } })
export class LazyFieldRoom extends AnyFieldRoom {
  constructor(ctx: JamsocketContext) {
    super(ctx);
  }
}
