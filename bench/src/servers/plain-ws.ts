import { createServer } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';

const rooms = new Map<string, Set<WebSocket>>();
const server = createServer();
const sockets = new WebSocketServer({ server });

sockets.on('connection', (socket, request) => {
  const path = request.url ?? '';
  const kind = path.split('/')[2];
  let room = rooms.get(path);
  if (room === undefined) rooms.set(path, (room = new Set()));
  const members = room;
  members.add(socket);
  socket.on('error', () => undefined);
  socket.on('close', () => {
    members.delete(socket);
    if (members.size === 0) rooms.delete(path);
  });
  socket.on('message', (data: Buffer, isBinary) => {
    if (kind === 'echo' || (kind === 'mixed' && data[0] === 0x64)) return socket.send(data, { binary: isBinary });
    for (const member of members) {
      if (member.readyState !== WebSocket.OPEN || (kind === 'except' && member === socket)) continue;
      member.send(data, { binary: isBinary });
    }
  });
});

server.listen(Number(process.env.PORT), '127.0.0.1', () => process.stdout.write('ready\n'));
