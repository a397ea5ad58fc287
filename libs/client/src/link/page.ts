import { platform, type PageEvents } from '../platform.js';

/** Receives the lifecycle events of the client's page. */
export interface PageHandlers {
  /** The page was frozen, hidden or offline: its connection may be dead. */
  readonly awake: () => void;
  /** The page enters the browser's back/forward cache, which closes connections. */
  readonly cached: () => void;
  /** The page has left that cache. */
  readonly restored: () => void;
}

/** Watches the page, if there is one. @returns a function that stops watching */
export function watchPage({ awake, cached, restored }: PageHandlers): () => void {
  const { document } = platform;
  const watched: [PageEvents | undefined, string, (event: { readonly persisted?: boolean }) => void][] = [
    [platform, 'online', awake],
    [document, 'resume', awake],
    [document, 'visibilitychange', () => document!.visibilityState === 'visible' && awake()],
    [platform, 'pagehide', ({ persisted }) => persisted && cached()],
    [platform, 'pageshow', ({ persisted }) => persisted && restored()],
  ];
  for (const [target, type, listener] of watched) target?.addEventListener?.(type, listener);
  return () => {
    for (const [target, type, listener] of watched) target?.removeEventListener?.(type, listener);
  };
}
