/** {@linkcode ConnectionLimits}: who goes when there are too many connections (TC-12).
 *
 * @module
 */
import type { Tcb } from "./tcb.ts";
import { deleteTcb, resetConnection } from "./teardown.ts";
import type { TcpLayer } from "./tcp_layer.ts";

/** After a search in vain, as long as this nobody of the same priority searches again: a full table must not make
 * every SYN cost a walk through it. */
const SEARCH_PAUSE_MS = 100;

/** Bounds the connections of a layer, and its TIME-WAITs. */
export class ConnectionLimits {
  readonly #layer: TcpLayer;
  /** In the order of entering the state. */
  readonly #timeWaits = new Set<Tcb>();
  #vainUntilMs = -Infinity;
  #vainPriority = 0;

  /** @param layer whose connections. */
  constructor(layer: TcpLayer) {
    this.#layer = layer;
  }

  /** Connections in TIME-WAIT. */
  get timeWaitCount(): number {
    return this.#timeWaits.size;
  }

  /** A connection entered TIME-WAIT: the oldest goes if there are too many. */
  noteTimeWait(tcb: Tcb): void {
    this.#timeWaits.add(tcb);
    if (this.#timeWaits.size > this.#layer.config.maxTimeWait) this.#recycleTimeWait();
  }

  /** A connection is gone. */
  forget(tcb: Tcb): void {
    if (tcb.state === "TIME-WAIT") this.#timeWaits.delete(tcb);
  }

  /** Makes room for one more connection if the bound is reached: drops, in this order, the oldest TIME-WAIT, the
   * oldest LAST-ACK, the oldest CLOSING, and, with a reset, the longest idle of those with the lowest priority
   * below `priority`.
   *
   * @returns false when there is no room.
   */
  makeRoom(count: number, priority: number): boolean {
    if (count < this.#layer.config.maxConnections) return true;
    if (this.#recycleTimeWait()) return true;
    const nowMs = this.#layer.clock.now();
    if (nowMs < this.#vainUntilMs && priority <= this.#vainPriority) {
      this.#layer.counters.connectionOverflows++;
      return false;
    }
    const victim = this.#oldest("LAST-ACK") ?? this.#oldest("CLOSING");
    if (victim !== undefined) {
      this.#layer.counters.recycled++;
      deleteTcb(victim, "CONNECTION_ABORTED");
      return true;
    }
    const lower = this.#lowestPriority(priority);
    if (lower === undefined) {
      this.#vainUntilMs = nowMs + SEARCH_PAUSE_MS;
      this.#vainPriority = priority;
      this.#layer.counters.connectionOverflows++;
      return false;
    }
    this.#layer.counters.recycled++;
    resetConnection(lower, "CONNECTION_ABORTED");
    return true;
  }

  #recycleTimeWait(): boolean {
    for (const tcb of this.#timeWaits) {
      this.#layer.counters.recycled++;
      deleteTcb(tcb, undefined);
      return true;
    }
    return false;
  }

  #oldest(state: "LAST-ACK" | "CLOSING"): Tcb | undefined {
    let oldest: Tcb | undefined = undefined;
    for (const tcb of this.#layer.tcbs()) {
      if (tcb.state !== state) continue;
      if (oldest === undefined || tcb.lastReceivedAtMs < oldest.lastReceivedAtMs) oldest = tcb;
    }
    return oldest;
  }

  #lowestPriority(below: number): Tcb | undefined {
    let lowest: Tcb | undefined = undefined;
    for (const tcb of this.#layer.tcbs()) {
      const priority = tcb.config.priority;
      if (priority >= below) continue;
      if (
        lowest === undefined || priority < lowest.config.priority ||
        (priority === lowest.config.priority && tcb.lastReceivedAtMs < lowest.lastReceivedAtMs)
      ) lowest = tcb;
    }
    return lowest;
  }
}
