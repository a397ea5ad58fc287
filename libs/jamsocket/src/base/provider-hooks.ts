import type { JamsocketClock } from './sources.js';
import { withinTimeout } from './within-timeout.js';

/** `onModuleInit` or `onModuleDestroy` of a provider that was built for one room. */
export interface ProviderHook {
  /** For logs: `Scores.onModuleDestroy`. */
  readonly name: string;
  /** May throw, or return a promise. */
  run(): unknown;
}

/** The time limit of hooks at a room's end, and where their errors go. */
export interface HookWatch {
  readonly clock: JamsocketClock;
  /** Milliseconds that the next hook may take. */
  limitMs(): number;
  report(error: unknown, hook: ProviderHook): void;
}

/**
 * Runs `onModuleDestroy` of a room's providers one after another. If a hook fails or takes too long, that is reported
 * and the next hook runs. Never rejects.
 */
export async function destroyProviders(hooks: readonly ProviderHook[], watch: HookWatch): Promise<void> {
  for (const hook of hooks) {
    const ms = watch.limitMs();
    try {
      await withinTimeout(
        (async () => void (await hook.run()))(),
        ms,
        watch.clock,
        () => `${hook.name} has not finished in ${ms} ms; the room stops without it.`,
      );
    } catch (error) {
      watch.report(error, hook);
    }
  }
}
