/** The close code of a refusal is 4000 plus the HTTP status (docs/protocol.md). */
const REFUSAL_CODES = 4000;
const SERVICE_RESTART = 1012;
/** Refusals after which the client would try again, since another client may leave. The page shows them instead. */
const FULL = { room_full: 'the room is full', server_full: 'the server is full' };

export function isRestart({ code }) {
  return code === SERVICE_RESTART;
}

/** The refusal in words, if the room or the server is full. */
export function fullness({ reason }) {
  return Object.hasOwn(FULL, reason) ? FULL[reason] : undefined;
}

export function connected({ clientId }) {
  return clientId === undefined ? 'connected' : `connected as client ${clientId}`;
}

/** Words for a connection after an outage. */
export function comeback({ clientId, resumed, lost }, hasRestarted) {
  if (resumed)
    return hasRestarted
      ? `back after a restart, still as client ${clientId}`
      : `back as the same client, number ${clientId}`;
  const anew = clientId === undefined ? 'joined anew' : `joined anew as client ${clientId}`;
  if (lost === 'gap') return `too much was missed: ${anew}`;
  if (lost === 'restored') return `the server has restarted, the room is restored: ${anew}`;
  return hasRestarted
    ? `the server has restarted: ${anew}`
    : `the server has restarted or no longer keeps the place: ${anew}`;
}

/** Why the connection was closed; `undefined` if the user has left. */
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
