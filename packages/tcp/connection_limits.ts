/** {@linkcode ConnectionLimits}: who goes when there are too many connections (TC-12), too many in TIME-WAIT, or too many that
 * nobody holds any more.
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
  /** In the order of their CLOSE, each with the octets that were left to be sent then: it gets no more. */
  readonly #orphans = new Map<Tcb, number>();
  #orphanBytes = 0;
  #countedAtMs = -Infinity;
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

  /** Connections that the user has closed, and that are not over. */
  get orphanCount(): number {
    return this.#orphans.size;
  }

  /** The user has closed a connection which is not over: it is reset if there are too many of these, or if they hold too much
   * text; for text, those whose peer lets them wait are reset first. */
  noteOrphan(tcb: Tcb): void {
    const { config, counters } = this.#layer;
    const bytes = tcb.sendBuffer.length;
    this.#orphans.set(tcb, bytes);
    this.#orphanBytes += bytes;
    if (this.#orphans.size <= config.maxOrphans && this.#hasOrphanSpace()) return;
    counters.orphansReset++;
    resetConnection(tcb, "CONNECTION_ABORTED");
  }

  #hasOrphanSpace(): boolean {
    const { config, clock, counters } = this.#layer;
    if (this.#orphanBytes <= config.maxOrphanBytes) return true;
    const nowMs = clock.now();
    if (nowMs < this.#countedAtMs + SEARCH_PAUSE_MS) return false;
    this.#countedAtMs = nowMs;
    this.#orphanBytes = 0;
    for (const orphan of this.#orphans.keys()) {
      const left = orphan.sendBuffer.length;
      this.#orphans.set(orphan, left);
      this.#orphanBytes += left;
    }
    for (const orphan of this.#orphans.keys()) {
      if (this.#orphanBytes <= config.maxOrphanBytes) return true;
      if (orphan.probingSinceMs < 0) continue;
      counters.orphansReset++;
      resetConnection(orphan, "CONNECTION_ABORTED");
    }
    return this.#orphanBytes <= config.maxOrphanBytes;
  }

  #forgetOrphan(tcb: Tcb): void {
    const bytes = this.#orphans.get(tcb);
    if (bytes === undefined) return;
    this.#orphans.delete(tcb);
    this.#orphanBytes -= bytes;
  }

  /** A connection entered TIME-WAIT: the oldest goes if there are too many. */
  noteTimeWait(tcb: Tcb): void {
    if (this.#orphans.size > 0) this.#forgetOrphan(tcb);
    this.#timeWaits.add(tcb);
    if (this.#timeWaits.size > this.#layer.config.maxTimeWait) this.#recycleTimeWait();
  }

  /** A connection is gone. */
  forget(tcb: Tcb): void {
    if (this.#orphans.size > 0) this.#forgetOrphan(tcb);
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
