// @ts-check

/**
 * What an operator does to rooms and clients.
 *
 * @typedef {object} Actions
 * @property {(room: string, reason: string) => Promise<void>} closeRoom
 * @property {(room: string, to: string) => Promise<void>} moveRoom to the process with this id
 * @property {(room: string, client: string | number, reason: string) => Promise<void>} kick
 */

/**
 * @param {string} base path of the inspector
 * @returns {Actions}
 */
export function actionsOf(base) {
  return {
    closeRoom: (room, reason) => post(`${base}/rooms/${room}/close`, reasonIn(reason)),
    moveRoom: (room, to) => post(`${base}/rooms/${room}/move`, { to }),
    kick: (room, client, reason) =>
      post(`${base}/rooms/${room}/clients/${encodeURIComponent(client)}/kick`, reasonIn(reason)),
  };
}

/**
 * @param {string} url
 * @param {object} body
 * @throws {Error} with the server's answer, if the server has refused
 */
async function post(url, body) {
  const response = await fetch(url, {
    method: 'POST',
    // A page of another origin cannot send this header without a CORS preflight.
    headers: { 'content-type': 'application/json', 'x-jamsocket-inspector': '1' },
    body: JSON.stringify(body),
  });
  if (response.ok) return;
  const answer = await response.json().catch(() => null);
  throw new Error(typeof answer?.message === 'string' ? answer.message : `The server answered ${response.status}.`);
}

/** @param {string} reason */
function reasonIn(reason) {
  return reason ? { reason } : {};
}
