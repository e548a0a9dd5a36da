/** Two stacks on one cable, for tests and benches.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { createMemoryLinkPair, type LinkCapabilities, type MemoryLink } from "@lightwire/netif";
import { Stack } from "./stack.ts";
import type { InterfaceOptions, StackOptions } from "./stack_options.ts";
import { nextTurn } from "./host_environment.ts";

/** A cable which takes everything over: checksums, segments of 64 KiB, merged segments. */
export const FULL_OFFLOAD: LinkCapabilities = {
  txChecksum: true,
  rxChecksum: true,
  gsoMaxBytes: 65_535,
  gro: true,
};

/** Options of {@linkcode stackPair}. */
export interface StackPairOptions {
  readonly mtu?: number;
  readonly medium?: "ethernet" | "ip";
  readonly capabilities?: LinkCapabilities;
  readonly queueFrames?: number;
  readonly stackA?: StackOptions;
  readonly stackB?: StackOptions;
  readonly interfaceA?: Partial<InterfaceOptions>;
  readonly interfaceB?: Partial<InterfaceOptions>;
}

/** Stack `a` is 10.0.0.1, stack `b` is 10.0.0.2. */
export class StackPair {
  readonly a: Stack;
  readonly b: Stack;
  readonly linkA: MemoryLink;
  readonly linkB: MemoryLink;

  constructor(options: StackPairOptions = {}) {
    this.a = new Stack(options.stackA);
    this.b = new Stack(options.stackB);
    [this.linkA, this.linkB] = createMemoryLinkPair({
      timersA: this.a.timers,
      timersB: this.b.timers,
      mtu: options.mtu ?? 1500,
      medium: options.medium ?? "ethernet",
      ...(options.capabilities === undefined ? {} : { capabilities: options.capabilities }),
      ...(options.queueFrames === undefined ? {} : { queueFrames: options.queueFrames }),
    });
    this.a.addInterface({ driver: this.linkA, addresses: ["10.0.0.1/24"], ...options.interfaceA });
    this.b.addInterface({ driver: this.linkB, addresses: ["10.0.0.2/24"], ...options.interfaceB });
  }

  /** Lets both find out each other's station address: until then three packets may wait, and more are lost. */
  async introduce(): Promise<void> {
    for await (const outcome of this.a.ping("10.0.0.2", { count: 1 })) assertEquals(outcome.type, "reply");
  }

  /** Lets everything settle that needs no time. */
  async settle(): Promise<void> {
    for (let i = 0; i < 10; i++) await nextTurn();
  }

  /** Closes both, and asserts that every packet buffer went home. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.a.close();
    await this.settle();
    this.b.close();
    await this.settle();
    assertEquals([this.a.pool.inUse, this.b.pool.inUse], [0, 0], "packet buffers are left");
    assertEquals([this.a.pump.isHostTimerArmed, this.b.pump.isHostTimerArmed], [false, false]);
  }
}

/** Two stacks on one cable; `await using` closes them and checks that nothing leaked. */
export function stackPair(options?: StackPairOptions): StackPair {
  return new StackPair(options);
}
