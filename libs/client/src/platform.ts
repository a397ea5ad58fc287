/** A WebSocket class: the browser's own, Node's (22 and later), or the one of the `ws` package. */
export type WebSocketClass = new (
  url: string,
  protocols?: string | string[],
) => { readonly readyState: number; close(code?: number, reason?: string): void };

/** Whatever events can be listened to at: the window or its document. */
export interface PageEvents {
  readonly addEventListener?: (type: string, listener: (event: never) => void) => void;
  readonly removeEventListener?: (type: string, listener: (event: never) => void) => void;
}

/** What browsers have and Node may lack. Written down here so that the types need neither DOM nor Node. */
export const platform = globalThis as unknown as PageEvents & {
  readonly WebSocket?: WebSocketClass;
  readonly location?: { readonly href: string };
  readonly document?: PageEvents & { readonly visibilityState: string };
  readonly reportError?: (error: unknown) => void;
};
