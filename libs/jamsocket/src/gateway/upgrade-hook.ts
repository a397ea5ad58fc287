import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { RefusedError } from '../base/errors.js';
import { pathAndQueryOf } from '../base/request-target.js';
import { refusalFor } from '../base/refusal.js';
import { writeRefusal } from './refusal.js';

/** @returns whether the request was taken */
export type TakeUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;

/**
 * Puts `take` before every other listener for upgrade requests, without any of them noticing: adapters and socket.io
 * destroy the sockets of paths they do not know, so a listener beside theirs is not enough, and whoever adds a
 * listener later must not get in front either. That leaves the server's own `emit`.
 * @param unowned answers upgrades that nobody takes, where nobody else listens for them
 * @returns a function that takes it out again
 */
export function hookUpgrades(server: Server, take: TakeUpgrade, unowned: (url: string) => RefusedError): () => void {
  const emit = Reflect.get(server, 'emit') as (...args: never[]) => boolean;
  // Where others listen, requests that nobody owns are theirs to answer.
  const refuseUnowned = (request: IncomingMessage, socket: Duplex) => {
    if (server.listenerCount('upgrade') > 1) return;
    socket.on('error', () => socket.destroy());
    writeRefusal(socket, refusalFor(unowned(pathAndQueryOf(request))));
  };
  // Node raises 'upgrade' only if somebody listens, and answers the request as any other if nobody does.
  server.on('upgrade', refuseUnowned);
  const hooked = function (this: Server, event: string | symbol, ...args: unknown[]): boolean {
    if (event === 'upgrade' && take(...(args as Parameters<TakeUpgrade>))) return true;
    return Reflect.apply(emit, this, [event, ...args]) as boolean;
  };
  server.emit = hooked as typeof server.emit;
  return () => {
    server.removeListener('upgrade', refuseUnowned);
    // Somebody may have wrapped `emit` after us; then our part of it stays, and lets everything through.
    if (server.emit === (hooked as typeof server.emit)) server.emit = emit as typeof server.emit;
    else take = () => false;
  };
}
