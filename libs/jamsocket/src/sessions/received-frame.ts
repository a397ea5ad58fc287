import { CloseCode } from '../base/protocol.js';
import type { Session } from './session.js';

/** What the frames of a client's session need of it and of its room. */
interface SessionClient {
  readonly room: {
    readonly members: {
      confirm(client: SessionClient, frame: string | Buffer): boolean;
      answerHeartbeat(client: SessionClient): void;
    };
    authAnswered(client: SessionClient, answer: string): void;
  } | null;
  readonly requests: { settle(answer: string): void } | null;
  end(code: number, reason: string): void;
}

/**
 * Counts the frames of a client that speaks `jamsocket.v1`, and handles those that are not messages: nothing else counts
 * them, and the room does not see them. The first frame of each connection is its confirmation.
 */
export function isMessage(client: SessionClient, session: Session, frame: string | Buffer): boolean {
  const room = client.room!;
  if (session.isConfirmed) {
    if (session.isHeartbeat(frame)) room.members.answerHeartbeat(client);
    else if (session.isAuthAnswer(frame)) room.authAnswered(client, frame);
    else if (session.finished === null) {
      session.received++;
      return true;
    }
    return false;
  }
  if (!room.members.confirm(client, frame))
    client.end(CloseCode.protocolError, 'the confirmation of jamsocket.v1 is wrong');
  return false;
}

/** The client has answered a request. Answers have no turn: the handler that has asked may still be running. */
export function answered(client: SessionClient, session: Session, answer: string): void {
  session.skip();
  client.requests?.settle(answer);
}
