import { describe, expect, it } from '@jest/globals';
import { createTestRoom, TestClient, useLeakGuard } from 'nestjs-jamsocket/testing';
import { Test } from '@nestjs/testing';
import { AppModule } from '../src/app.module';
import { ChatRoom } from '../src/chat.room';
import { Journal } from '../src/journal';
import { MembersRoom } from '../src/members.room';

useLeakGuard();

describe('The test kit in a Nest 11 CommonJS app', () => {
  it('runs a room on a socket in memory', async () => {
    const room = await createTestRoom(ChatRoom, { providers: [Journal], roomId: 'lobby' });
    const ann = await room.connect();
    expect(ann.received).toEqual(['client1 has joined lobby']);
    expect(await ann.request('add', { a: 1, b: 2 })).toMatchObject({ event: 'sum', data: 3 });
    expect(room.service).toBeInstanceOf(ChatRoom);
    await ann.drop();
    const journal = room.module.get(Journal);
    await room.close();
    expect(journal.entries).toEqual(['client1 disconnected', 'room destroyed', 'journal destroyed']);
  });

  it('runs the guards of a connect, in a module of the application', async () => {
    const room = await createTestRoom(MembersRoom, { module: AppModule });
    await expect(room.connect()).rejects.toMatchObject({ status: 401 });
    expect((await room.connect({ query: { token: 'secret' } })).received).toEqual(['welcome ann']);
    await room.close();
  });

  it('has a client for real sockets', async () => {
    const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
    const app = module.createNestApplication();
    await app.listen(0, '127.0.0.1');
    const ann = await TestClient.connect(app, '/ws/lobby');
    expect(await ann.next()).toBe('client1 has joined lobby');
    expect(await TestClient.refused(app, '/ws/members/club')).toMatchObject({ status: 401 });
    await app.close();
  });
});
