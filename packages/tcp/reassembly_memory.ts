/** {@linkcode ReassemblyMemory}: which connections hold text out of order, and how they give it back.
 *
 * @module
 */
import type { Timer } from "@lightwire/netif";
import { ReassemblyQueue } from "./reassembly_queue.ts";
import type { Tcb } from "./tcb.ts";
import type { TcpLayer } from "./tcp_layer.ts";

/** Nodes of one connection by default, at least. */
const MIN_NODES = 4096;

/** The reassembly queues of a layer. When the pool is empty, all of them are emptied: the text will come again, and
 * perhaps it is what keeps the segment out that would put it in order. */
export class ReassemblyMemory {
  readonly #layer: TcpLayer;
  readonly #holders: Set<Tcb> = new Set();
  readonly #timer: Timer;
  readonly #onExhausted: () => void = () => this.yieldSoon();

  /** Hears of the exhausted pool while there is something to give back; a pool may outlive the layer.
   *
   * @param layer whose connections.
   */
  constructor(layer: TcpLayer) {
    this.#layer = layer;
    this.#timer = layer.timers.create(() => this.#yield());
  }

  /** The queue of a connection, made if there is none. */
  of(tcb: Tcb): ReassemblyQueue {
    let queue = tcb.reassembly;
    if (queue === undefined) {
      const { reassemblyBytes, reassemblyNodes } = this.#layer.config;
      const maxBytes = reassemblyBytes > 0 ? reassemblyBytes : tcb.config.receiveBufferBytes;
      const maxNodes = reassemblyNodes > 0 ? reassemblyNodes : Math.max(MIN_NODES, maxBytes >>> 10);
      queue = tcb.reassembly = new ReassemblyQueue({ maxBytes, maxNodes });
      this.#holders.add(tcb);
      this.#layer.pool.onExhausted.add(this.#onExhausted);
    }
    return queue;
  }

  /** A connection needs its queue no more, or not for now. */
  drop(tcb: Tcb): void {
    if (tcb.reassembly === undefined) return;
    tcb.reassembly.clear();
    tcb.reassembly = undefined;
    this.#holders.delete(tcb);
    if (this.#holders.size === 0) this.#layer.pool.onExhausted.delete(this.#onExhausted);
  }

  /** Gives everything back, but not within the call. */
  yieldSoon(): void {
    if (this.#holders.size > 0) this.#timer.start(0);
  }

  #yield(): void {
    for (const tcb of this.#holders) this.#layer.counters.prunedBytes += tcb.reassembly!.prune(Infinity);
  }
}
