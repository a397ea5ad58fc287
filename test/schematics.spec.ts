import { beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { transpileModule } from 'typescript';

const APP_MODULE = `import { Module } from '@nestjs/common';
import { AppController } from './app.controller.js';

@Module({
  imports: [],
  controllers: [AppController],
  providers: [],
})
export class AppModule {}
`;
const EMPTY_MODULE = `import { Module } from '@nestjs/common';

@Module({})
export class GamesModule {}
`;
const ESM = { type: 'module', dependencies: {}, devDependencies: { vitest: '^4.1.2' } };
const COMMONJS = { dependencies: { 'jamsocket-client': '^0.1.0' }, devDependencies: { jest: '^30.0.0' } };

/** A schematic, its options, and what differs from a project that `nest new` has made. */
interface Run {
  readonly name: string;
  readonly options: object;
  readonly project?: object;
  readonly module?: string;
  readonly more?: Record<string, string>;
}

type Result = ReturnType<typeof runAll>[number];

/** What each has made or changed. One process for all: loading the runner takes longest. */
function runAll(runs: readonly Run[]) {
  const inputs = runs.map(({ name, options, project = ESM, module = APP_MODULE, more = {} }) => ({
    name,
    options,
    files: { 'package.json': JSON.stringify(project), 'src/app.module.ts': module, ...more } as Record<string, string>,
  }));
  const program = `${import.meta.dirname}/support/run-schematic.mjs`;
  const printed = execFileSync(process.execPath, [program], { input: JSON.stringify(inputs), encoding: 'utf8' });
  const results = JSON.parse(printed) as { files: Record<string, string>; tasks: string[] }[];
  return results.map(({ files, tasks }, at) => {
    const changed = Object.entries(files).filter(([path, text]) => inputs[at].files[path.slice(1)] !== text);
    for (const [path, text] of changed) if (path.endsWith('.ts')) expectToParse(path, text);
    return { files: Object.fromEntries(changed), paths: changed.map(([path]) => path).sort(), tasks };
  });
}

function expectToParse(fileName: string, text: string) {
  const { diagnostics } = transpileModule(text, { fileName, reportDiagnostics: true });
  expect({ fileName, diagnostics }).toEqual({ fileName, diagnostics: [] });
}

describe('nest g -c nestjs-jamsocket', () => {
  let room: Result, roomInFolder: Result, app: Result, secondApp: Result;
  beforeAll(() => {
    [room, roomInFolder, app, secondApp] = runAll([
      { name: 'room', options: { name: 'tickTacToe', sourceRoot: 'src' } },
      {
        name: 'room',
        options: { name: 'games/dice', flat: true, spec: false },
        project: COMMONJS,
        module: APP_MODULE.replace('imports: []', 'imports: [JamsocketModule.forRoot({ http: true })]'),
        more: { 'src/games/games.module.ts': EMPTY_MODULE },
      },
      { name: 'app', options: {} },
      { name: 'app', options: { name: 'board' }, project: COMMONJS },
    ]);
  });

  it('room: a room, its spec, and both listed where the application begins', () => {
    const { files, paths } = room;
    expect(paths).toEqual([
      '/src/app.module.ts',
      '/src/tick-tac-toe/tick-tac-toe.room.spec.ts',
      '/src/tick-tac-toe/tick-tac-toe.room.ts',
    ]);
    expect(files['/src/tick-tac-toe/tick-tac-toe.room.ts']).toContain(
      "@JamsocketService('tick-tac-toe')\nexport class TickTacToeRoom {",
    );
    const spec = files['/src/tick-tac-toe/tick-tac-toe.room.spec.ts'];
    expect(spec).toContain("import { TickTacToeRoom } from './tick-tac-toe.room.js';");
    expect(spec).toContain("from 'vitest';");
    const module = files['/src/app.module.ts'];
    expect(module).toContain("import { TickTacToeRoom } from './tick-tac-toe/tick-tac-toe.room.js';");
    expect(module).toContain("import { JamsocketModule } from 'nestjs-jamsocket';");
    expect(module).toMatch(/imports: \[\s*JamsocketModule\.forRoot\(\)\s*\]/);
    expect(module).toMatch(/providers: \[\s*TickTacToeRoom\s*\]/);
  });

  it('room: in the module of its folder, without a spec, and the rooms are imported once', () => {
    const { files, paths } = roomInFolder;
    expect(paths).toEqual(['/src/games/dice.room.ts', '/src/games/games.module.ts']);
    expect(files['/src/games/games.module.ts']).toContain("import { DiceRoom } from './dice.room';");
    expect(files['/src/games/games.module.ts']).toMatch(/providers: \[DiceRoom\]/);
  });

  it('app: a room, a page that uses the client, and a module', () => {
    const { files, paths, tasks } = app;
    expect(paths).toEqual([
      '/package.json',
      '/src/app.module.ts',
      '/src/chat/chat.controller.ts',
      '/src/chat/chat.module.ts',
      '/src/chat/chat.page.ts',
      '/src/chat/chat.room.spec.ts',
      '/src/chat/chat.room.ts',
    ]);
    expect(files['/src/app.module.ts']).toMatch(/imports: \[[^\]]*ChatModule[^\]]*JamsocketModule\.forRoot\(\)/);
    expect(files['/src/app.module.ts']).toContain("import { ChatModule } from './chat/chat.module.js';");
    expect(files['/src/chat/chat.controller.ts']).toContain('createRequire(import.meta.url)');
    expect(JSON.parse(files['/package.json'])).toMatchObject({
      dependencies: { 'jamsocket-client': expect.any(String) },
    });
    expect(tasks).toEqual(['node-package']);

    expect(secondApp.paths).not.toContain('/package.json');
    expect(secondApp.tasks).toEqual([]);
    expect(secondApp.files['/src/board/board.controller.ts']).toContain('createRequire(__filename)');
    expect(secondApp.files['/src/board/board.page.ts']).toContain("joinRoom('/ws/board/lobby')");
    expect(secondApp.files['/src/board/board.room.spec.ts']).not.toContain('vitest');
  });
});
