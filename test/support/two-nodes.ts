import { SystemClock } from '../../libs/jamsocket/src/base/sources.js';
import type { ClusterDriver } from '../../libs/jamsocket/src/cluster/cluster-driver.js';
import type { Directory } from '../../libs/jamsocket/src/cluster/directory.js';
import { InProcessHub } from '../../libs/jamsocket/src/cluster/in-process/in-process-hub.js';

/** Two nodes of one cluster in this process. The edge runs no rooms: it leads every client to the owner. */
export function twoNodes(): {
  readonly hub: InProcessHub;
  readonly owner: ClusterDriver;
  readonly edge: ClusterDriver;
} {
  const hub = new InProcessHub(new SystemClock());
  const [owner, edge] = [hub.node('owner'), hub.node('edge')];
  let incarnation: string | undefined;
  const watched = (directory: Directory): Directory => ({
    ...methodsOf(directory),
    renew: (renewal) => {
      incarnation = renewal.incarnation;
      return directory.renew(renewal);
    },
  });
  const led = (directory: Directory): Directory => ({
    ...methodsOf(directory),
    locate: async () => (incarnation === undefined ? undefined : { incarnation, fence: 1 }),
  });
  return { hub, owner: withDirectory(owner, watched), edge: withDirectory(edge, led) };
}

function withDirectory(driver: ClusterDriver, change: (directory: Directory) => Directory): ClusterDriver {
  return {
    check: () => driver.check(),
    openDirectory: () => change(driver.openDirectory()),
    openRelay: () => driver.openRelay(),
  };
}

function methodsOf(directory: Directory): Directory {
  return {
    renew: (renewal) => directory.renew(renewal),
    claim: (claim) => directory.claim(claim),
    release: (release) => directory.release(release),
    locate: (room) => directory.locate(room),
    nodes: () => directory.nodes(),
    resign: (incarnation) => directory.resign(incarnation),
    close: () => directory.close(),
  };
}
