import { createServer } from 'node:http';
import { Server } from 'socket.io';

const server = createServer();
const io = new Server(server, { transports: ['websocket'] });

io.on('connection', (socket) => {
  const { kind } = socket.handshake.query;
  const room = `${String(kind)}/${String(socket.handshake.query.room)}`;
  void socket.join(room);
  socket.on('m', (data: string) => {
    if (kind === 'echo' || (kind === 'mixed' && data.startsWith('d'))) socket.emit('m', data);
    else if (kind === 'except') socket.to(room).emit('m', data);
    else io.to(room).emit('m', data);
  });
});

server.listen(Number(process.env.PORT), '127.0.0.1', () => process.stdout.write('ready\n'));
