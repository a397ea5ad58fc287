export { JamsocketModule } from './jamsocket.module.js';
export { JamsocketService, type JamsocketServiceOptions } from './decorators/jamsocket-service.decorator.js';
export {
  OnAuth,
  OnBinary,
  OnConnect,
  OnCreate,
  OnDestroy,
  OnDisconnect,
  OnMessage,
  OnResume,
  OnTimer,
} from './decorators/handler.decorators.js';
export { Ctx, RoomContext, RoomId } from './decorators/parameter.decorators.js';
export {
  defineContract,
  type ContractSchemas,
  type MessageData,
  type MessageName,
  type MessageReply,
  type MessageSchemas,
} from './decorators/contract.js';
export type { StandardSchema } from './decorators/standard-schema.js';
export { SharedState, type SharedStateOptions } from './shared-state/shared-state.js';
export type { Draft, ReadOnly, Shareable } from './shared-state/shareable.js';
export { Presence, type PresenceOptions } from './decorators/presence.decorator.js';
export type { Person, PresentClient, RoomPresence } from './base/presence.js';
export { State } from './decorators/state.decorator.js';
export { DurableError, type DurableErrorCode } from './durable/durable-error.js';
export type { TimerFiring } from './timers/room-timers.js';
export type { Restored, RestoreReason } from './members/room-lifecycle.js';
export { JamsocketContext } from './members/room-context.js';
export { JamsocketRooms, type RoomList } from './rooms/jamsocket-rooms.js';
export type { SentToUser } from './rooms/user-calls.js';
export { JamsocketCluster, type ClusterMember } from './node/jamsocket-cluster.js';
export { RoomHandle } from './rooms/room-handle.js';
export { JamsocketObservers } from './observe/jamsocket-observers.js';
export { JamsocketStatistics, type ServiceStatistics } from './rooms/jamsocket-statistics.js';
export type {
  ObservedTurn,
  ReceivedMessage,
  RefusedConnect,
  RoomObserver,
  StoreCommit,
  StoreOperation,
  TurnKind,
  TurnOutcome,
} from './observe/room-observer.js';
export { Client, type ClientId } from './members/client.js';
export type { Admitted, ClientAuth } from './members/client-auth.js';
export {
  ClientRequestError,
  type ClientRequestErrorCode,
  type ClientRequestOptions,
} from './sessions/client-requests.js';
export type { ClientRequest } from './members/client-request.js';
export { Broadcast, everyoneExcept, tagged, type Recipient } from './members/recipients.js';
export type { RoomName } from './members/room-address.js';
export type { SendOptions } from './members/send-options.js';
export type { SentMessage } from './members/sent-message.js';
export { MessageValidationError, type ExceptionData } from './replies/exceptions.js';
export type { Issue } from './replies/issues.js';
export {
  JamsocketConfigurationError,
  JamsocketError,
  RefusedError,
  type JamsocketErrorCode,
  type RefusalCode,
} from './base/errors.js';
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
export { JamsocketClock, JamsocketRandom } from './base/sources.js';
export type {
  DurableRoomOptions,
  HeartbeatOptions,
  HttpOptions,
  InboundRateLimit,
  JamsocketOptions,
  Limits,
  Migrate,
  Origins,
  RateLimit,
  ResumeOptions,
  RoomIdGenerator,
  RoomIds,
  RoomLimits,
  RoomOptions,
  ShutdownPolicy,
  StateFields,
} from './options/options.js';
export type {
  Claim,
  ClaimRequest,
  DueRoom,
  RoomKey,
  RoomStore,
  RoomWrite,
  StoredRecord,
  StoredSegment,
  WriteOutcome,
} from './store/room-store.js';
export { MemoryStore } from './store/memory-store.js';
export { StoreError, type StoreErrorCode } from './store/store-error.js';
