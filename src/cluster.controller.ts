import { Controller, Get, Header, Query } from '@nestjs/common';
import { JamsocketCluster } from 'nestjs-jamsocket';
import { SERVICES } from './services.js';

/** Tells the page which process it talks to, and which one has a room. */
@Controller('cluster')
export class ClusterController {
  constructor(private readonly cluster: JamsocketCluster) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  async where(@Query('service') service?: string, @Query('room') room?: string) {
    const { isOn, self } = this.cluster;
    if (!isOn) return { isOn };
    const type = SERVICES.get(service ?? '');
    const [nodes, owner] = await Promise.all([
      this.cluster.nodes(),
      type && room ? this.cluster.ownerOf(type, room) : undefined,
    ]);
    return { isOn, self: self.name, owner: owner?.name, nodes: nodes.map(({ name }) => name) };
  }
}
