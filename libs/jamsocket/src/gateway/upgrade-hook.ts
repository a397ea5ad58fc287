import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { RefusedError } from '../base/errors.js';
import { pathAndQueryOf } from '../base/request-target.js';
import { refusalFor } from '../base/refusal.js';
import { writeRefusal } from './refusal.js';

/** @returns whether the request was handled */
export type TakeUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;

/**
 * Calls `take` before every other listener for upgrade requests, by replacing the server's `emit`. A listener of our own
 * is not enough: adapters and socket.io destroy the sockets of unknown paths, and a listener that is added later could
 * run first.
 * @param unowned makes the refusal of an upgrade that no listener handles
 * @returns a function that removes the hook
 */
export function hookUpgrades(server: Server, take: TakeUpgrade, unowned: (url: string) => RefusedError): () => void {
  const emit = Reflect.get(server, 'emit') as (...args: never[]) => boolean;
  // If there are other listeners, they answer requests that we do not handle.
  const refuseUnowned = (request: IncomingMessage, socket: Duplex) => {
    if (server.listenerCount('upgrade') > 1) return;
    socket.on('error', () => socket.destroy());
    writeRefusal(socket, refusalFor(unowned(pathAndQueryOf(request))));
  };
  // Node emits 'upgrade' only if there is a listener, and otherwise treats the request as a plain one.
  server.on('upgrade', refuseUnowned);
  const hooked = function (this: Server, event: string | symbol, ...args: unknown[]): boolean {
    if (event === 'upgrade' && take(...(args as Parameters<TakeUpgrade>))) return true;
    return Reflect.apply(emit, this, [event, ...args]) as boolean;
  };
  server.emit = hooked as typeof server.emit;
  return () => {
    server.removeListener('upgrade', refuseUnowned);
    // If `emit` was wrapped again after us, our wrapper stays and passes everything on.
    if (server.emit === (hooked as typeof server.emit)) server.emit = emit as typeof server.emit;
    else take = () => false;
  };
}
