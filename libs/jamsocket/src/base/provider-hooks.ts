import type { JamsocketClock } from './sources.js';
import { withinTimeout } from './within-timeout.js';

/** `onModuleInit` or `onModuleDestroy` of a provider that belongs to one room. */
export interface ProviderHook {
  /** For logs: `Scores.onModuleDestroy`. */
  readonly name: string;
  /** May throw, or return a promise. */
  run(): unknown;
}

/** How the hooks of a room's end are watched. */
export interface HookWatch {
  readonly clock: JamsocketClock;
  /** Milliseconds the next hook may take. */
  limitMs(): number;
  report(error: unknown, hook: ProviderHook): void;
}

/**
 * Runs `onModuleDestroy` of a room's providers, one after the other. A hook that fails or takes too long is reported,
 * and the next one runs. Never rejects.
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
