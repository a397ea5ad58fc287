/** One connection that is subscribed to a channel. */
export interface RedisSubscriber {
  /** Resolves when it is subscribed. Later it connects and subscribes again by itself. */
  subscribe(channel: string, receive: (message: Buffer) => void): Promise<void>;
  close(): void;
}
