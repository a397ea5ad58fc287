import { Module, type CanActivate } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { JamsocketConfigurationError, JamsocketModule } from 'nestjs-jamsocket';
import { JamsocketInspectorModule, type JamsocketInspectorOptions } from 'nestjs-jamsocket/inspector';
import request from 'supertest';

const environment = process.env.NODE_ENV;
afterEach(() => {
  process.env.NODE_ENV = environment;
});

const nobody: CanActivate = { canActivate: () => false };

async function boot(inspector: ReturnType<typeof JamsocketInspectorModule.forRoot>): Promise<void> {
  const app = await Test.createTestingModule({ imports: [JamsocketModule.forRoot(), inspector] }).compile();
  await app.close();
}

async function mistakeIn(options: unknown): Promise<Error> {
  const error: unknown = await boot(JamsocketInspectorModule.forRoot(options as JamsocketInspectorOptions)).then(
    () => new Error('it booted'),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(JamsocketConfigurationError);
  return error as Error;
}

describe('JamsocketInspectorModule at boot', () => {
  it.each([
    [{ path: '' }, 'options.path'],
    [{ path: '/a/:b' }, 'options.path'],
    [{ path: '/a/' }, 'options.path'],
    [{ path: 1 }, 'options.path'],
    [{ intervalMs: 19 }, 'options.intervalMs'],
    [{ intervalMs: 10_001 }, 'options.intervalMs'],
    [{ state: 'yes' }, 'options.state'],
    [{ guards: {} }, 'options.guards'],
    [{ guards: [null] }, 'options.guards'],
    [{ guard: [nobody] }, 'no option "guard"'],
  ])('refuses %j', async (options, named) => {
    const { message } = await mistakeIn(options);
    expect(message).toContain('JamsocketInspectorModule.forRoot');
    expect(message).toContain(named);
  });

  it.each([[{}], [{ guards: [] }]])('refuses %j in production, and says what to do', async (options) => {
    process.env.NODE_ENV = 'production';
    const { message } = await mistakeIn(options);
    expect(message).toMatch(
      /^JamsocketInspectorModule\.forRoot: options\.guards lists no guard.*production.*Add a guard/,
    );
  });

  it('boots with a guard in production, and without one elsewhere', async () => {
    await boot(JamsocketInspectorModule.forRoot());
    process.env.NODE_ENV = 'production';
    await boot(JamsocketInspectorModule.forRoot({ guards: [nobody] }));
  });

  it('takes its options from a factory, too', async () => {
    @Module({
      imports: [
        JamsocketModule.forRoot(),
        JamsocketInspectorModule.forRootAsync({
          useFactory: async () => ({ path: '/from/factory', guards: [nobody] }),
        }),
      ],
    })
    class AppModule {}

    const app = (await Test.createTestingModule({ imports: [AppModule] }).compile()).createNestApplication({
      logger: false,
    });
    await app.init();
    try {
      await request(app.getHttpServer()).get('/from/factory').expect(403);
      await request(app.getHttpServer()).get('/inspector').expect(404);
    } finally {
      await app.close();
    }
  });
});
