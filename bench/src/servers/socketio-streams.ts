import { createAdapter } from '@socket.io/redis-streams-adapter';
import { Redis } from 'ioredis';
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const server = createServer();
const redis = new Redis(process.env.REDIS_URL!);
const io = new Server(server, { transports: ['websocket'], adapter: createAdapter(redis) });

io.on('connection', (socket) => {
  const room = `${String(socket.handshake.query.kind)}/${String(socket.handshake.query.room)}`;
  void socket.join(room);
  socket.on('m', (data: string) => io.to(room).emit('m', data));
});

server.listen(Number(process.env.PORT), '127.0.0.1', () => process.stdout.write('ready\n'));
