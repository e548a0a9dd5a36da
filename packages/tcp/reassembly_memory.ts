/** {@linkcode ReassemblyMemory}: what all connections hold for their users, and how text out of order is given back.
 *
 * @module
 */
import type { Timer } from "@lightwire/netif";
import { type ReassemblyOptions, ReassemblyQueue } from "./reassembly_queue.ts";
import type { Tcb } from "./tcb.ts";
import type { TcpConfig, TcpConnectionConfig } from "./tcp_config.ts";
import type { TcpLayer } from "./tcp_layer.ts";

/** What a connection may have unread however tight memory is: a segment of the largest usual kind, and more. */
export const LEAST_SHARE_BYTES = 16_384;

/** Nodes of one connection by default, at least. */
const MIN_NODES = 4096;

/** How much one connection may hold out of order. */
export function reassemblyBounds(
  limits: TcpConfig,
  config: TcpConnectionConfig,
): Required<ReassemblyOptions> {
  const { reassemblyBytes, reassemblyNodes } = limits;
  const maxBytes = reassemblyBytes > 0 ? reassemblyBytes : config.receiveBufferBytes;
  return { maxBytes, maxNodes: reassemblyNodes > 0 ? reassemblyNodes : Math.max(MIN_NODES, maxBytes >>> 10) };
}

/** The reassembly queues of a layer. When the pool is empty, all of them are emptied: the text will come again, and
 * perhaps it is what keeps the segment out that would put it in order. */
export class ReassemblyMemory {
  /** Octets unread by users, all connections together. */
  unreadBytes: number;
  /** Octets out of order, all connections together. */
  heldBytes: number;
  readonly #maxBytes: number;
  readonly #layer: TcpLayer;
  readonly #holders: Set<Tcb> = new Set();
  readonly #timer: Timer;
  readonly #onExhausted: () => void = () => this.yieldSoon();

  /** Hears of the exhausted pool while there is something to give back; a pool may outlive the layer.
   *
   * @param layer whose connections.
   */
  constructor(layer: TcpLayer) {
    this.unreadBytes = 0;
    this.heldBytes = 0;
    this.#maxBytes = layer.config.maxBufferedBytes;
    this.#layer = layer;
    this.#timer = layer.timers.create(() => this.#yield());
  }

  /** The queue of a connection, made if there is none. */
  of(tcb: Tcb): ReassemblyQueue {
    let queue = tcb.reassembly;
    if (queue === undefined) {
      queue = tcb.reassembly = new ReassemblyQueue(reassemblyBounds(this.#layer.config, tcb.config));
      this.#holders.add(tcb);
      this.#layer.pool.onExhausted.add(this.#onExhausted);
    }
    return queue;
  }

  /** A connection needs its queue no more, or not for now. */
  drop(tcb: Tcb): void {
    if (tcb.reassembly === undefined) return;
    this.heldBytes -= tcb.reassembly.byteCount;
    tcb.reassembly.clear();
    tcb.reassembly = undefined;
    this.#holders.delete(tcb);
    if (this.#holders.size === 0) this.#layer.pool.onExhausted.delete(this.#onExhausted);
  }

  /** Gives everything back, but not within the call. */
  yieldSoon(): void {
    if (this.#holders.size > 0) this.#timer.start(0);
  }

  /** More is held than {@linkcode TcpOptions.maxBufferedBytes} allows: windows stay small. */
  get isTight(): boolean {
    return this.unreadBytes + this.heldBytes > this.#maxBytes;
  }

  /** Whether text in order has to be dropped: the users of all connections together leave far too much unread, this one's among
   * them. */
  mustDrop(tcb: Tcb): boolean {
    return this.unreadBytes > 1.25 * this.#maxBytes &&
      tcb.unreadBytes >= LEAST_SHARE_BYTES;
  }

  /** A queue has `bytes` more, or less, than before. If that is too much, text out of order goes first: it can come again, and
   * nobody has been promised it (RFC 2018 §8). */
  changed(bytes: number): void {
    this.heldBytes += bytes;
    if (this.isTight) this.prune();
  }

  /** Gives text out of order back until all is well, or there is none. */
  prune(): void {
    const excess = this.unreadBytes + this.heldBytes - this.#maxBytes;
    if (this.heldBytes > 0) this.#prune(excess);
  }

  #yield(): void {
    this.#prune(Infinity);
  }

  #prune(bytes: number): void {
    for (const tcb of this.#holders) {
      const pruned = tcb.reassembly!.prune(bytes);
      this.heldBytes -= pruned;
      this.#layer.counters.prunedBytes += pruned;
      bytes -= pruned;
      if (bytes <= 0) return;
    }
  }
}
