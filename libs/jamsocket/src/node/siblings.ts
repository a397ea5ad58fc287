import type { CallHandler } from '../peers/calls.js';

/** The node, as its siblings need it. */
interface Node {
  readonly sharesPort: boolean;
  readonly siblings: readonly string[];
  answer(method: string, handler: CallHandler): void;
  call(incarnation: string, method: string, args: unknown, withinMs?: number): Promise<unknown>;
}

/** Milliseconds to wait for an answer. Prometheus waits 10 s by default. */
const ANSWER_MS = 2_000;

/**
 * The other processes that share this one's port. A request for what concerns the machine can reach any of them, so each
 * answers for all.
 */
export class Siblings {
  /** @param node `null` without a cluster */
  constructor(private readonly node: Node | null) {}

  /** Whether there can be siblings. */
  get isOn(): boolean {
    return this.node !== null && this.node.sharesPort;
  }

  /** Answers the calls of siblings. The answer must be a structured clone. */
  answer(method: string, handler: CallHandler): void {
    if (this.isOn) this.node!.answer(method, handler);
  }

  isSibling(incarnation: string): boolean {
    return this.isOn && this.node!.siblings.includes(incarnation);
  }

  /** What the siblings answer. Those that do not answer in time are left out. Never rejects. */
  async askAll(method: string, args?: unknown): Promise<readonly unknown[]> {
    if (!this.isOn) return [];
    const asked = this.node!.siblings.map((each) => this.ask(each, method, args));
    const answers = await Promise.allSettled(asked);
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  }

  /** @throws the error of the sibling; RefusedError `node_unavailable`, `cluster_unavailable` */
  ask(incarnation: string, method: string, args: unknown): Promise<unknown> {
    return this.node!.call(incarnation, method, args, ANSWER_MS);
  }
}
