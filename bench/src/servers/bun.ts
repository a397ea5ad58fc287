/// <reference types="bun-types" />

interface Seat {
  kind: string;
  room: string;
}

const server = Bun.serve<Seat>({
  port: Number(process.env.PORT),
  hostname: '127.0.0.1',
  fetch(request, server) {
    const { pathname } = new URL(request.url);
    const data: Seat = { kind: pathname.split('/')[2] ?? '', room: pathname };
    return server.upgrade(request, { data }) ? undefined : new Response('rooms only', { status: 400 });
  },
  websocket: {
    publishToSelf: false,
    open(socket) {
      socket.subscribe(socket.data.room);
    },
    message(socket, message) {
      const { kind, room } = socket.data;
      if (kind === 'echo' || (kind === 'mixed' && message[0] === 'd')) socket.send(message);
      else if (kind === 'except') socket.publish(room, message);
      else server.publish(room, message);
    },
    close(socket) {
      socket.unsubscribe(socket.data.room);
    },
  },
});
process.stdout.write('ready\n');
