/** A WebSocket class: of the browser, of Node (22 and later), or of the `ws` package. */
export type WebSocketClass = new (
  url: string,
  protocols?: string | string[],
) => {
  readonly readyState: number;
  /** Begins the closing handshake. */
  close(code?: number, reason?: string): void;
};

/** The window or its document, as event targets. */
export interface PageEvents {
  readonly addEventListener?: (type: string, listener: (event: never) => void) => void;
  readonly removeEventListener?: (type: string, listener: (event: never) => void) => void;
}

/** Globals of browsers that Node may lack. Declared here, so that the types depend on neither DOM nor Node. */
export const platform = globalThis as unknown as PageEvents & {
  readonly WebSocket?: WebSocketClass;
  readonly location?: { readonly href: string };
  readonly document?: PageEvents & { readonly visibilityState: string };
  readonly reportError?: (error: unknown) => void;
};
