import { describeDirectory, VirtualClock } from 'nestjs-jamsocket/testing';
import { ChannelDirectory } from '../libs/jamsocket/src/workers/channel/channel-directory.js';
import { DirectoryServer } from '../libs/jamsocket/src/workers/channel/directory-server.js';
import type { Channel, ToPrimary, ToWorker } from '../libs/jamsocket/src/workers/messages.js';

let clock = new VirtualClock();
const servers = new Map<string, DirectoryServer>();
let workers = 0;

/** The channel of a worker, as JSON like that of a process. */
function channelTo(server: DirectoryServer): Channel {
  const worker = ++workers;
  const listeners = new Set<(message: ToWorker) => void>();
  return {
    send: async (message) => {
      const sent = JSON.parse(JSON.stringify(message)) as Extract<ToPrimary, { jamsocket: 'ask' }>;
      setImmediate(() => {
        const answer = JSON.parse(JSON.stringify(server.answer(worker, sent))) as ToWorker;
        setImmediate(() => listeners.forEach((listener) => listener(answer)));
      });
    },
    listen: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function serverOf(name: string): DirectoryServer {
  let server = servers.get(name);
  if (server === undefined) {
    const own = (clock = new VirtualClock());
    servers.set(name, (server = new DirectoryServer(() => own.wallTime())));
  }
  return server;
}

describeDirectory('The memory of the primary', {
  open: (name) => new ChannelDirectory(channelTo(serverOf(name))),
  forget: (name) => serverOf(name).forget(),
  sleep: (ms) => clock.moveTo(clock.now() + ms),
});
