import { LeakError } from './testing.errors.js';

/** Registers a function to run after each test: `afterEach` of jest or vitest. */
export type AfterEach = (check: () => Promise<void>) => unknown;

interface Closable {
  close(): Promise<void>;
}

/** Test applications that are still open, with the names of their rooms. */
const open = new Map<Closable, string[]>();

export function rememberOpen(app: Closable, room: string): void {
  const rooms = open.get(app);
  if (rooms === undefined) open.set(app, [room]);
  else rooms.push(room);
}

export function forgetOpen(app: Closable): void {
  open.delete(app);
}

/**
 * Fails each test that leaves a test room open, and closes the room so that the next test starts clean. Call it once, at
 * the top of a spec and outside of every `describe`, or in a set-up file. jest runs the `afterEach` hooks of a block in
 * their order in the source: put hooks that close rooms into a `describe`, or above this call.
 * @param afterEach of the test framework, if it is not a global, as in vitest without `globals: true`
 * @throws Error if there is no `afterEach`
 */
export function useLeakGuard(afterEach: AfterEach | undefined = globalAfterEach()): void {
  if (afterEach === undefined) {
    throw new Error('There is no global afterEach: pass it, as in useLeakGuard(afterEach).');
  }
  afterEach(() => failForOpenRooms());
}

/** @throws LeakError that names every open room */
async function failForOpenRooms(): Promise<void> {
  const apps = [...open];
  open.clear();
  const leaks = apps.flatMap(([, rooms]) => rooms.map((room) => `${room}: the test has not called room.close()`));
  for (const [app] of apps) {
    await app.close().catch((error: unknown) => leaks.push(...leaksIn(error)));
  }
  if (leaks.length > 0) throw new LeakError(leaks);
}

function leaksIn(error: unknown): readonly string[] {
  return error instanceof LeakError ? error.leaks : [`closing it failed: ${String(error)}`];
}

function globalAfterEach(): AfterEach | undefined {
  return (globalThis as { afterEach?: AfterEach }).afterEach;
}
