import {
  BadRequestException,
  ConflictException,
  NotFoundException,
  UsePipes,
  ValidationPipe,
  type ValidationPipeOptions,
} from '@nestjs/common';
import { expect, it } from '@jest/globals';
import { MessageBody, WsException } from '@nestjs/websockets';
import { Type } from 'class-transformer';
import { IsArray, IsInt, IsString, Max, Min, ValidateNested } from 'class-validator';
import { JamsocketService, OnMessage, type Client } from 'nestjs-jamsocket';
import { createTestRoom, useLeakGuard, type RoomClient } from 'nestjs-jamsocket/testing';
import * as v from 'valibot';
import { z } from 'zod';

useLeakGuard();

class Point {
  @IsInt()
  @Min(0)
  @Max(9)
  x!: number;
}

class Line {
  @IsString()
  color!: string;

  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => Point)
  points!: Point[];
}

const validating = (options?: ValidationPipeOptions) => UsePipes(new ValidationPipe(options));
const asWsException = { exceptionFactory: (errors: object[]) => new WsException(errors) };
const asText = { exceptionFactory: async () => new BadRequestException('draw better') };

@JamsocketService()
class DrawRoom {
  @OnMessage('zod', z.object({ color: z.string(), points: z.array(z.object({ x: z.int() })) }))
  zod() {}

  @OnMessage('valibot', v.object({ color: v.string(), points: v.array(v.object({ x: v.number() })) }))
  valibot() {}

  @OnMessage('dto')
  @validating()
  dto(@MessageBody() _line: Line) {}

  @OnMessage('by position')
  @validating()
  byPosition(_client: Client, _line: Line) {}

  @OnMessage('grouped')
  @validating({ errorFormat: 'grouped' })
  grouped(@MessageBody() _line: Line) {}

  @OnMessage('own pipe')
  ownPipe(@MessageBody(new ValidationPipe(asWsException)) _line: Line) {}

  @OnMessage('own text')
  @validating(asText)
  ownText(@MessageBody() _line: Line) {}

  @OnMessage('secret')
  @validating({ disableErrorMessages: true })
  secret(@MessageBody() _line: Line) {}

  @OnMessage('throw')
  throw(_client: Client, how: string) {
    if (how === 'text') throw new WsException('no');
    if (how === 'code') throw new WsException({ code: 'too_late', message: 'no', round: 3 });
    if (how === 'issues')
      throw new WsException({ code: 'full', message: 'no', issues: [{ message: 'x', path: ['a'] }] });
    if (how === 'object') throw new WsException({ message: { color: ['is taken'] } });
    if (how === 'none') throw new WsException({});
    if (how === 'missing') throw new NotFoundException('no such line');
    if (how === 'conflict') throw new ConflictException({ code: 'taken', message: ['one', 'two'] });
    throw new Error('secret');
  }
}

const LINE = { color: 5, points: [{ x: 1 }, { x: 'left' }] };

async function dataOf(client: RoomClient, event: string, data: unknown): Promise<unknown> {
  const { event: name, data: answer } = await client.request<{ event: string; data: unknown }>(event, data);
  expect(name).toBe('exception');
  return answer;
}

it('an exception has one shape, whichever validator has refused the data', async () => {
  await using room = await createTestRoom(DrawRoom);
  const ann = await room.connect();
  const issues = [{ path: ['color'] }, { path: ['points', 1, 'x'] }];
  for (const event of ['zod', 'valibot', 'dto', 'by position', 'grouped', 'own pipe', 'own text']) {
    const data = await dataOf(ann, event, LINE);
    expect(data).toMatchObject({ status: 'error', code: 'invalid', message: expect.any(String) });
    // class-validator has one for each rule that is broken.
    const of = (data as { issues: { path: unknown[]; message: string }[] }).issues;
    expect([event, [...new Map(of.map(({ path }) => [path.join(), { path }])).values()]]).toEqual([event, issues]);
    for (const { message } of of) expect(message).toEqual(expect.any(String));
  }
  expect(await dataOf(ann, 'dto', LINE)).toMatchObject({
    message: expect.stringContaining('color must be a string; points.1.x must not be greater than 9'),
    issues: [
      { path: ['color'], message: 'color must be a string' },
      { path: ['points', 1, 'x'], message: 'x must not be greater than 9' },
      { path: ['points', 1, 'x'], message: 'x must not be less than 0' },
      { path: ['points', 1, 'x'], message: 'x must be an integer number' },
    ],
  });
  expect(await dataOf(ann, 'own text', LINE)).toMatchObject({ message: 'draw better' });
  expect(await dataOf(ann, 'secret', LINE)).not.toHaveProperty('issues');
});

it('names at most 20 mistakes of a DTO', async () => {
  await using room = await createTestRoom(DrawRoom);
  const ann = await room.connect();
  const points = Array.from({ length: 1_000 }, () => ({ x: -1 }));
  const data = await dataOf(ann, 'dto', { color: 'red', points });
  expect((data as { issues: unknown[] }).issues).toHaveLength(20);
});

it.each([
  ['text', { code: 'refused', message: 'no' }],
  ['code', { code: 'too_late', message: 'no', round: 3 }],
  ['issues', { code: 'full', message: 'no', issues: [{ path: ['a'], message: 'x' }] }],
  ['object', { code: 'refused', message: 'Ws Exception', details: { color: ['is taken'] } }],
  ['none', { code: 'refused', message: 'Ws Exception' }],
  ['missing', { code: 'not_found', message: 'no such line', statusCode: 404, error: 'Not Found' }],
  ['conflict', { code: 'taken', message: 'one; two' }],
  ['anything else', { code: 'internal', message: 'Internal server error' }],
])('an exception that a handler throws has the shape, too: %s', async (how, expected) => {
  await using room = await createTestRoom(DrawRoom, { logger: false });
  const ann = await room.connect();
  expect(await dataOf(ann, 'throw', how)).toEqual({ status: 'error', ...expected });
});
