import { Connection } from '../wire/connection.js';
import { closeFrame, CLOSE } from '../wire/control-frame.js';
import { FIN, TEXT } from '../wire/frame.js';
import { putWsOn } from '../wire/ws-handover.js';
import { MemoryNetwork } from '../testing/memory-network.js';
import { describeLink, MAX_BUFFERED_BYTES, type OpenLink } from './conformance/link-suite.js';
import { messagesOf } from './conformance/frames.js';
import { MemoryLink } from './conformance/memory-link.js';
import { RecordingSink } from './conformance/recording-sink.js';

function openInMemory(): OpenLink {
  const sink = new RecordingSink();
  let now = 0;
  const link = new MemoryLink(sink, MAX_BUFFERED_BYTES, () => now);
  return {
    link,
    sink,
    setNow: (ms) => (now = ms),
    peer: {
      get messages() {
        return link.messages;
      },
      sends: (text) => link.peerSends(text),
      stopsReading: () => link.stopReading(),
      startsReading: () => link.startReading(),
      closes: (code, reason) => link.peerCloses(code, reason),
      vanishes: () => link.peerVanishes(),
      breaksProtocol: () => link.peerBreaksProtocol(),
    },
  };
}

/** A frame of a client, whose mask is zero. */
function masked(opcode: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([FIN | opcode, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

function openOverSockets(hasWs: boolean): OpenLink {
  const { client, server } = new MemoryNetwork((work) => work()).connect('127.0.0.1');
  const sink = new RecordingSink();
  const watch = { now: 0, startBeats: () => undefined, paused: () => undefined, remove: () => undefined };
  const options = { autoPong: true, closeTimeout: 1_000 };
  const limits = { maxPayloadBytes: 1_000, maxBufferedBytes: MAX_BUFFERED_BYTES, maxPendingAutoPongs: 2 };
  const opening = hasWs ? putWsOn(server, options) : (socket: typeof server) => putWsOn(socket, options);
  const link = new Connection(server, sink, limits, watch, opening as ConstructorParameters<typeof Connection>[4]);
  const received: Buffer[] = [];
  let hasClosed = false;
  client.on('error', () => undefined);
  client.on('data', (chunk: Buffer) => {
    received.push(chunk);
    const close = messagesOf(Buffer.concat(received)).find((message) => message.startsWith('close '));
    if (close === undefined || hasClosed) return;
    hasClosed = true;
    client.end(masked(CLOSE, closeFrame({ code: Number(close.split(' ')[1]), reason: '' }).subarray(2)));
  });
  return {
    link,
    sink,
    setNow: (ms) => (watch.now = ms),
    peer: {
      get messages() {
        return messagesOf(Buffer.concat(received));
      },
      sends: (text) => void client.write(masked(TEXT, Buffer.from(text))),
      stopsReading: () => void client.pause(),
      startsReading: () => void client.resume(),
      closes: (code, reason) => {
        hasClosed = true;
        client.write(masked(CLOSE, closeFrame({ code, reason }).subarray(2)));
      },
      vanishes: () => void client.destroy(),
      // A frame without a mask.
      breaksProtocol: () => void client.write(Buffer.from([FIN | TEXT, 1, 97])),
    },
  };
}

describeLink('a link in memory', openInMemory);
describeLink('a connection that has a ws object when it needs one', () => openOverSockets(false));
describeLink('a connection that ws reads', () => openOverSockets(true));
