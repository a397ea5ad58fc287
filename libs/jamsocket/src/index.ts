export { JamsocketModule } from './jamsocket.module.js';
export { JamsocketService, type JamsocketServiceOptions } from './decorators/jamsocket-service.decorator.js';
export {
  OnBinary,
  OnConnect,
  OnCreate,
  OnDestroy,
  OnDisconnect,
  OnMessage,
  OnResume,
  OnTimer,
} from './decorators/handler.decorators.js';
export { Ctx, RoomId } from './decorators/parameter.decorators.js';
export type { StandardSchema } from './decorators/standard-schema.js';
export { JamsocketContext } from './room/room-context.js';
export { JamsocketRooms } from './room/jamsocket-rooms.js';
export { JamsocketObservers } from './room/jamsocket-observers.js';
export { JamsocketStatistics, type ServiceStatistics } from './room/jamsocket-statistics.js';
export type {
  ObservedTurn,
  ReceivedMessage,
  RefusedConnect,
  RoomObserver,
  SentMessage,
  TurnKind,
  TurnOutcome,
} from './room/room-observer.js';
export { Client, type ClientId } from './room/client.js';
export type { ClientRequest } from './room/client-request.js';
export { Broadcast, everyoneExcept, tagged, type Recipient } from './room/recipients.js';
export type { RoomName } from './room/room-address.js';
export type { SendOptions } from './room/send-options.js';
export { MessageValidationError } from './room/exceptions.js';
export {
  JamsocketConfigurationError,
  JamsocketError,
  RefusedError,
  type JamsocketErrorCode,
  type RefusalCode,
} from './jamsocket.errors.js';
export {
  JamsocketMetrics,
  type GaugeReading,
  type MetricCounter,
  type MetricHistogram,
  type MetricLabels,
} from './metrics/jamsocket-metrics.js';
export { METRICS, type CounterName, type GaugeName, type HistogramName } from './metrics/metric-table.js';
export { MetricsObserver } from './metrics/metrics-observer.js';
export { JamsocketHealth, type JamsocketHealthResult } from './jamsocket.health.js';
export { JamsocketClock, JamsocketRandom } from './jamsocket.sources.js';
export type {
  HeartbeatOptions,
  HttpOptions,
  InboundRateLimit,
  JamsocketOptions,
  Limits,
  Origins,
  RateLimit,
  ResumeOptions,
  RoomIdGenerator,
  RoomIds,
  RoomLimits,
  RoomOptions,
  ShutdownPolicy,
} from './jamsocket.options.js';
