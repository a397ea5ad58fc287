/** Refusals have a close code of 4000 and the HTTP status (docs/protocol.md). */
const REFUSAL_CODES = 4000;
const SERVICE_RESTART = 1012;
/** The client would go on trying after these, as a place may become free; a page had better say so. */
const FULL = { room_full: 'the room is full', server_full: 'the server is full' };

export function isRestart({ code }) {
  return code === SERVICE_RESTART;
}

/** What keeps a client out, if it is a lack of room. */
export function fullness({ reason }) {
  return Object.hasOwn(FULL, reason) ? FULL[reason] : undefined;
}

export function connected({ clientId }) {
  return clientId === undefined ? 'connected' : `connected as client ${clientId}`;
}

/** How it goes on once the connection is back. */
export function comeback({ clientId, resumed, lost }, hasRestarted) {
  if (resumed) return `back as the same client, number ${clientId}`;
  const anew = clientId === undefined ? 'joined anew' : `joined anew as client ${clientId}`;
  if (lost === 'gap') return `too much was missed: ${anew}`;
  return hasRestarted ? `the server has restarted: ${anew}` : `the server has restarted or gave the place up: ${anew}`;
}

/** Why it is over; nothing is said of a leaving by choice. */
export function ending({ code, reason, cause }) {
  if (cause === 'left') return undefined;
  const why = reason && ` (${reason})`;
  if (cause === 'ended') return `the server has closed the connection with ${code}${why}`;
  const status = code > REFUSAL_CODES ? code - REFUSAL_CODES : code;
  return reason === 'guard' ? `a guard has refused with ${status}` : `the server has refused with ${status}${why}`;
}

export function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}
