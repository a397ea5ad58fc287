import { Controller, Get } from '@nestjs/common';
import { HealthCheck, HealthCheckService } from '@nestjs/terminus';
import { JamsocketHealth } from 'nestjs-jamsocket';

/** Health check for load balancers: 200 while clients can join, 503 from the moment a shutdown begins. */
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly rooms: JamsocketHealth,
  ) {}

  @Get()
  @HealthCheck()
  check() {
    return this.health.check([() => this.rooms.isHealthy()]);
  }
}
