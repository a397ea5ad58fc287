import { InProcessHub } from '../libs/jamsocket/src/cluster/in-process/in-process-hub.js';
import { describeDirectory, describeRelay, VirtualClock } from 'nestjs-jamsocket/testing';

let clock = new VirtualClock();
const hubs = new Map<string, InProcessHub>();

function hubOf(name: string): InProcessHub {
  let hub = hubs.get(name);
  if (hub === undefined) {
    clock = new VirtualClock();
    hubs.set(name, (hub = new InProcessHub(clock)));
  }
  return hub;
}

describeDirectory('InProcessDirectory', {
  open: (name) => hubOf(name).node('one').openDirectory(),
  forget: (name) => hubOf(name).failOver(),
  sleep: (ms) => clock.moveTo(clock.now() + ms),
  leaseMs: 2_000,
});

const relayHub = new InProcessHub(new VirtualClock());
let nodes = 0;

describeRelay('InProcessRelay', { open: () => relayHub.node(`node${++nodes}`).openRelay() });
