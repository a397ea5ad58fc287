import type { Client, JamsocketContext, RoomObserver } from 'nestjs-jamsocket';
import { Journal } from './gate.js';

/** Records each call as a line. */
export class RecordingObserver extends Journal implements Required<Omit<RoomObserver, 'turnFailed'>> {
  roomStarted: RoomObserver['roomStarted'] & object = (room) => this.#note('roomStarted', room);
  roomFailed: RoomObserver['roomFailed'] & object = (room, error) =>
    this.#note('roomFailed', room, undefined, (error as Error).message);
  roomStopped: RoomObserver['roomStopped'] & object = (room) => this.#note('roomStopped', room);
  clientJoined: RoomObserver['clientJoined'] & object = (room, client) => this.#note('clientJoined', room, client);
  clientLeft: RoomObserver['clientLeft'] & object = (room, client, code, reason) =>
    this.#note('clientLeft', room, client, code, reason);
  clientLost: RoomObserver['clientLost'] & object = (room, client) => this.#note('clientLost', room, client);
  clientResumed: RoomObserver['clientResumed'] & object = (room, client) => this.#note('clientResumed', room, client);
  messageReceived: RoomObserver['messageReceived'] & object = (room, client, { kind, payload, bytes }) =>
    this.#note('messageReceived', room, client, kind, bytes, String(payload));
  messageSent: RoomObserver['messageSent'] & object = (room, { kind, payload, bytes, recipients, to, except }) => {
    const whom = to === undefined ? `but ${idsOf(except)}` : `to ${idsOf(to)}`;
    this.#note('messageSent', room, undefined, kind, bytes, String(payload), recipients, whom);
  };
  turnStarted: RoomObserver['turnStarted'] & object = ({ room, client, handler, kind }) =>
    this.#note('turnStarted', room, client, kind, handler);
  runTurn: RoomObserver['runTurn'] & object = (turn, run) => {
    this.#note('turn', turn.room, turn.client, turn.handler);
    void run();
  };
  turnEnded: RoomObserver['turnEnded'] & object = (
    { room, client, handler },
    { hasFailed, error, fault, durationMs },
  ) => {
    if (!(durationMs >= 0)) throw new Error(`${handler} took ${durationMs} ms`);
    this.#note('turnEnded', room, client, handler, ...(hasFailed ? [fault, (error as Error).message] : []));
  };
  turnTimedOut: RoomObserver['turnTimedOut'] & object = (room, client, handler) =>
    this.#note('turnTimedOut', room, client, handler);
  connectRefused: RoomObserver['connectRefused'] & object = ({ status, code, service, url }) =>
    this.add(`connectRefused ${status} ${code} ${service} ${url}`);
  roomSaved: RoomObserver['roomSaved'] & object = (room, bytes) => this.#note('roomSaved', room, undefined, bytes);
  gatePassed: RoomObserver['gatePassed'] & object = (room, waitedMs) =>
    this.#note('gatePassed', room, undefined, waitedMs);
  roomFenced: RoomObserver['roomFenced'] & object = (room) => this.#note('roomFenced', room);
  storeCommitted: RoomObserver['storeCommitted'] & object = ({ saves, bytes, durationMs }) =>
    this.add(`storeCommitted ${saves} ${bytes} ${durationMs}`);
  storeFailed: RoomObserver['storeFailed'] & object = (operation, error) =>
    this.add(`storeFailed ${operation} ${(error as Error).message}`);

  #note(event: string, room: JamsocketContext, client?: Client, ...rest: unknown[]): void {
    this.add([event, `${room.service}/${room.roomId}`, ...(client ? [`client ${client.id}`] : []), ...rest].join(' '));
  }
}

function idsOf(clients: readonly Client[]): string {
  return clients.length > 0 ? clients.map(({ id }) => id).join(',') : 'nobody';
}
