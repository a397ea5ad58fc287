import { Logger, type OnApplicationBootstrap, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import type { Server } from 'node:http';
import { refuseInjectionMistakes } from './discovery/injection-mistakes.js';
import { refuseForgottenState, refuseStateMistakes } from './discovery/state-mistakes.js';
import { drainRooms } from './rooms/drain.js';
import type { JamsocketGateway } from './gateway/jamsocket.gateway.js';
import type { RoutingAdapter } from './gateway/plain-requests.js';
import { hookUpgrades } from './gateway/upgrade-hook.js';
import type { ResolvedOptions } from './options/resolved.js';
import type { JamsocketClock, JamsocketRandom } from './base/sources.js';
import { describeError } from './base/foreign-value.js';
import type { Durability } from './durable/durability.js';
import type { ThisNode } from './node/this-node.js';
import type { Waker } from './rooms/waker.js';
import type { RoomRegistry } from './rooms/room-registry.js';
import { schedulerRegistryIn } from './timers/scheduler-registry.js';
import type { TimerRegistry } from './timers/timer-registry.js';

/** What the lifecycle starts and stops. */
export interface LifecycleParts {
  readonly adapterHost: HttpAdapterHost;
  readonly modules: ModulesContainer;
  readonly gateway: JamsocketGateway;
  readonly registry: RoomRegistry;
  readonly timers: TimerRegistry;
  readonly options: ResolvedOptions;
  readonly clock: JamsocketClock;
  readonly random: JamsocketRandom;
  /** `null` without a store. */
  readonly durability: Durability | null;
  readonly waker: Waker | null;
  /** `null` without a cluster. */
  readonly node: ThisNode | null;
}

/** Part of the grace in which rooms are handed over to other nodes. */
const HAND_OVER_PART = 0.4;

type ClosingAdapter = { beforeClose?: () => unknown };

/** Accepts clients when the application has booted. On shutdown it drains the rooms before anything else is shut down. */
export class JamsocketLifecycle implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  readonly #logger = new Logger('Jamsocket');
  #unhook: (() => void) | null = null;
  #drained: Promise<void> | null = null;
  /** Set if other processes listen on the same port. */
  #sharedServer: Server | null = null;

  constructor(private readonly parts: LifecycleParts) {}

  /** @throws JamsocketConfigurationError for mistakes that show only when all dependencies are known */
  onModuleInit(): void {
    refuseInjectionMistakes(this.parts.modules);
    refuseStateMistakes(this.parts.modules);
    if (this.parts.durability !== null && this.parts.options.durable === undefined)
      refuseForgottenState(this.parts.modules);
    this.parts.gateway.answerPlainRequests(this.parts.adapterHost.httpAdapter as RoutingAdapter | undefined);
    this.parts.timers.use(schedulerRegistryIn(this.parts.modules));
  }

  /** @throws JamsocketConfigurationError if the cluster's server or its settings cannot carry a cluster */
  async onApplicationBootstrap(): Promise<void> {
    await this.parts.node?.start();
    if (this.parts.durability !== null) void this.#openStore(this.parts.durability);
    const adapter = this.parts.adapterHost.httpAdapter as (ClosingAdapter & { getHttpServer(): Server }) | undefined;
    const server = adapter?.getHttpServer();
    if (adapter === undefined || typeof server?.emit !== 'function') {
      this.#logger.warn('This application has no HTTP server, so no client can connect to its rooms.');
      return;
    }
    const { gateway } = this.parts;
    if (this.parts.node?.sharesPort === true) this.#sharedServer = server;
    this.#unhook = hookUpgrades(
      server,
      (request, socket, head) => gateway.handleUpgrade(request, socket, head),
      (url) => gateway.unowned(url),
    );
    await gateway.handOver?.open((request, socket, head) => gateway.handleUpgrade(request, socket, head));
    if (typeof adapter.beforeClose === 'function') this.#drainBeforeClose(adapter);
    else this.#drainBeforeDestroyHooks();
  }

  async onModuleDestroy(): Promise<void> {
    await this.#drain();
    this.#unhook?.();
    await this.parts.node?.close();
    await this.#closeStore();
  }

  async #closeStore(): Promise<void> {
    try {
      await this.parts.durability?.close();
    } catch (error) {
      this.#logger.error(`The store of the rooms could not be closed: ${describeError(error).message}`);
    }
  }

  /** Logs how durable the store is: nobody should be surprised by one that loses data after a crash. */
  async #openStore(durability: Durability): Promise<void> {
    try {
      const line = `Durable rooms are kept in ${await durability.describe()}`;
      if (line.includes('WARNING')) this.#logger.warn(line);
      else this.#logger.log(line);
    } catch (error) {
      this.#logger.error(`The store of the rooms does not answer: ${describeError(error).message}`);
    }
    this.parts.waker?.start();
  }

  /** Nest 12 calls `beforeClose` of the adapter before any provider is destroyed. */
  #drainBeforeClose(adapter: ClosingAdapter): void {
    const beforeClose = adapter.beforeClose!.bind(adapter);
    adapter.beforeClose = async () => {
      await this.#drain();
      await beforeClose();
    };
  }

  /** Nest 11 has no such hook: here the destroy hooks of the application's providers wait until the rooms have drained. */
  #drainBeforeDestroyHooks(): void {
    const wrappers = [...this.parts.modules.values()].flatMap((module) => [
      ...module.providers.values(),
      ...module.controllers.values(),
      ...module.injectables.values(),
    ]);
    const instances = new Set(wrappers.map(({ instance }) => instance as Partial<OnModuleDestroy> | null | undefined));
    for (const instance of instances) {
      if (
        !instance ||
        (instance as object) === this ||
        typeof instance.onModuleDestroy !== 'function' ||
        !Object.isExtensible(instance)
      )
        continue;
      const destroy = instance.onModuleDestroy.bind(instance) as () => unknown;
      instance.onModuleDestroy = async () => {
        await this.#drain();
        await destroy();
      };
    }
  }

  #drain(): Promise<void> {
    const { gateway, registry, options, clock, random } = this.parts;
    gateway.refuseAll();
    this.parts.waker?.stop();
    // New connections go to the other processes. Those that are open stay.
    this.#sharedServer?.close();
    this.#sharedServer = null;
    const { node } = this.parts;
    const { shutdownGraceMs: graceMs } = options;
    return (this.#drained ??=
      node === null ? drainRooms(registry, graceMs, clock, random) : this.#leaveCluster(node, graceMs));
  }

  /** Rooms first: while they move, the clients here can still be served. */
  async #leaveCluster(node: ThisNode, graceMs: number): Promise<void> {
    const { registry, clock, random } = this.parts;
    const deadline = clock.now() + graceMs;
    registry.refuseNew();
    const moved = await node.handOver(graceMs * HAND_OVER_PART);
    const restMs = Math.max(1, deadline - clock.now());
    await Promise.all([drainRooms(registry, restMs, clock, random, moved), node.drain(restMs)]);
  }
}
