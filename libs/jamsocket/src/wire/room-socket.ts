import { WebSocket } from 'ws';
import type { Endpoint, EndpointOwner } from './endpoint.js';

/** Receives the events of a `RoomSocket`. */
export interface RoomSocketOwner extends EndpointOwner {
  /** A message is about to be delivered. */
  wsDelivered(): void;
}

/** A `ws` object that knows its connection, so that its listeners need no closures. */
export class RoomSocket extends WebSocket implements Endpoint {
  owner: RoomSocketOwner | undefined;

  get isOpen(): boolean {
    return this.readyState === WebSocket.OPEN;
  }

  attach(owner: RoomSocketOwner): void {
    this.owner = owner;
    this.on('message', onMessage);
    this.on('close', onClose);
    this.on('error', onError);
  }

  /** Also called by `ws` itself: to answer the peer's close, and when the peer breaks the protocol. */
  override close(code?: number, reason?: string | Buffer): void {
    this.owner?.closing();
    super.close(code, reason);
  }
}

function onMessage(this: WebSocket, data: WebSocket.RawData, isBinary: boolean): void {
  const owner = (this as RoomSocket).owner!;
  owner.wsDelivered();
  if (isBinary) owner.receiveBinary(data as Buffer);
  else owner.receiveText((data as Buffer).toString('utf8'), (data as Buffer).length);
}

function onClose(this: WebSocket, code: number, reason: Buffer): void {
  (this as RoomSocket).owner!.closed(code, reason.toString('utf8'));
}

/** `ws` has already answered the peer's violation with the right close code; the close event follows. */
function onError(this: WebSocket): void {
  (this as RoomSocket).owner!.failed();
}
