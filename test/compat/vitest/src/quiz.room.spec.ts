import { Test } from '@nestjs/testing';
import { JamsocketModule } from 'nestjs-jamsocket';
import { createTestRoom, TestClient, useLeakGuard } from 'nestjs-jamsocket/testing';
import { afterEach, expect, it } from 'vitest';
import { NameGuard, Questions, QuizRoom } from './quiz.room.js';

useLeakGuard(afterEach);

const providers = [Questions, NameGuard];

it('asks, and tells right from wrong', async () => {
  const room = await createTestRoom(QuizRoom, { roomId: 'one', providers });
  const bob = await room.connect({ query: { name: 'Bob' } });
  expect(await bob.next()).toBe('What is 6 times 7?');
  bob.send('41');
  expect(await bob.next()).toBe('No.');
  bob.send('42');
  expect(await bob.next()).toBe('Right, Bob!');
  expect(room.service).toBeInstanceOf(QuizRoom);
  await room.close();
});

it('runs timers and cron jobs in virtual time', async () => {
  const room = await createTestRoom(QuizRoom, { providers, now: new Date('2030-01-01T23:59:00Z') });
  const bob = await room.connect({ data: 'Bob' });
  bob.unread();
  await room.advance(9_999);
  expect(bob.received).toHaveLength(1);
  await room.advance(60_000);
  expect(bob.unread()).toEqual(['Too late.', 'Good night.']);
  await room.close();
});

it('takes overridden providers, and refuses with what the guard says', async () => {
  const room = await createTestRoom(QuizRoom, {
    providers,
    override: (module) => module.overrideProvider(Questions).useValue({ next: () => 'Ready?' }),
  });
  await expect(room.connect()).rejects.toMatchObject({ status: 403, body: { code: 'guard' } });
  expect((await room.connect({ data: 'Bob' })).received).toEqual(['Ready?']);
  await room.close();
});

it('fails a test that leaves a room behind', async () => {
  const guards: (() => Promise<void>)[] = [];
  useLeakGuard((check) => guards.push(check));
  await createTestRoom(QuizRoom, { roomId: 'lost', providers });
  await expect(guards[0]()).rejects.toThrow('QuizRoom "lost": the test has not called room.close()');
});

it('connects over a real socket', async () => {
  const module = await Test.createTestingModule({
    imports: [JamsocketModule.forRoot()],
    providers: [QuizRoom, ...providers],
  }).compile();
  const app = module.createNestApplication();
  await app.listen(0);
  const bob = await TestClient.connect(app, '/ws/quiz/one', { query: { name: 'Bob' } });
  expect(await bob.next()).toBe('What is 6 times 7?');
  await app.close();
  expect(await bob.closed).toMatchObject({ code: 1012 });
});
