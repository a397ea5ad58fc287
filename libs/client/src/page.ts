import { platform, type PageEvents } from './platform.js';

/** What becomes of the page that a client is in. */
export interface PageHandlers {
  /** It has slept, was hidden or was offline: its connection may be dead. */
  readonly awake: () => void;
  /** It goes into the browser's cache for back and forward, which keeps no connection. */
  readonly cached: () => void;
  /** It is back from there. */
  readonly restored: () => void;
}

/** Watches the page, if there is one. @returns ends it */
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
