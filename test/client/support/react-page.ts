// Bundled for the browser by react.browser.e2e-spec.ts.
import type { Room } from 'jamsocket-client';
import { usePresence, useRoom, useRoomEvent, useRoomRequest, useRoomState } from 'jamsocket-client/react';
import { createElement, memo, StrictMode, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';

const counted = globalThis as { commits?: number };

const Score = memo(({ room }: { room: Room | undefined }) => {
  const red = useRoomState(room, 'board', (board: { red: { points: number } }) => board.red.points);
  const even = useRoomState(
    room,
    'board',
    (board: { log: number[] }) => board.log.filter((entry) => entry % 2 === 0),
    (before, after) => before.length === after.length,
  );
  useEffect(() => void (counted.commits = (counted.commits ?? 0) + 1));
  return createElement('p', { id: 'score' }, `red ${red}, ${even?.length} even`);
});

const People = memo(({ room }: { room: Room | undefined }) => {
  const { others, set } = usePresence(room);
  const shown = others.map(({ key, value, isAway }) => `${key}=${value}${isAway ? ' away' : ''}`);
  return createElement(
    'section',
    null,
    createElement('p', { id: 'others' }, shown.join(', ') || 'nobody'),
    createElement('button', { onClick: () => set('hello') }, 'show'),
  );
});

function Chat({ id }: { id: string | null }) {
  const [lines, setLines] = useState<string[]>([]);
  const [statuses, setStatuses] = useState<string[]>([]);
  const { room, status, clientId, emit, request } = useRoom(id && `/ws/${id}`, { backoff: { minMs: 10, maxMs: 50 } });
  useRoomEvent(room, 'said', (line) => setLines((earlier) => [...earlier, line]));
  useRoomRequest(room, 'how many?', (what: string) => `${lines.length} ${what}`);
  useEffect(() => setStatuses((earlier) => [...earlier, status]), [status]);
  const ask = async () => {
    const answer: string = await request!('ask');
    setLines((earlier) => [...earlier, answer]);
  };
  return createElement(
    'section',
    null,
    createElement('p', { id: 'client' }, `${id} ${status} ${clientId}`),
    createElement('p', { id: 'statuses' }, statuses.join(' ')),
    createElement('p', { id: 'lines' }, lines.join(', ')),
    createElement(Score, { room }),
    createElement(People, { room }),
    createElement('button', { onClick: () => emit?.('say', 'hello') }, 'say'),
    createElement('button', { onClick: ask }, 'ask'),
  );
}

function Page() {
  const [id, setId] = useState<string | null>('');
  return createElement(
    'main',
    null,
    ...['one', 'two'].map((name) => createElement('button', { key: name, onClick: () => setId(name) }, name)),
    createElement('button', { onClick: () => setId('') }, 'leave'),
    createElement('button', { onClick: () => setId(null) }, 'wait'),
    id !== '' && createElement(Chat, { id }),
  );
}

const { document } = globalThis as unknown as { document: { getElementById(id: string): Element } };
createRoot(document.getElementById('root')).render(createElement(StrictMode, null, createElement(Page)));
