// Compiled and run in a scratch app that has installed the packed client: it imports, and its types hold.
import { defineContract, joinRoom, RoomError, type RoomState } from 'jamsocket-client';

const contract = defineContract({ messages: {}, events: {} });
const room = joinRoom('ws://127.0.0.1:1/ws/smoke', { contract, autoConnect: false });
const states: RoomState[] = [];
room.onStatus((state) => states.push(state));
// @ts-expect-error the contract has no such message
room.emit('unknown');
room.close();

const [state] = states;
if (state?.status !== 'closed' || state.cause !== 'left' || state.unsent !== 1) throw new Error(JSON.stringify(states));
try {
  room.send('too late');
  throw new Error('sent after the end');
} catch (error) {
  if (!(error instanceof RoomError) || error.code !== 'closed') throw error;
}
if (!import.meta.resolve('jamsocket-client/react').endsWith('/jamsocket-client/dist/bindings/react.js'))
  throw new Error('no react');
