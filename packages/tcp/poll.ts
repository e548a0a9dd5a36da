/** {@linkcode Polls}: connections whose users want to be asked from time to time (lwIP: tcp_poll).
 *
 * @module
 */
import type { Timer } from "@lightwire/netif";
import type { TcpConnection } from "./connection.ts";
import type { Tcb } from "./tcb.ts";

/** The polls of a layer: a connection without one has no memory for it. */
export class Polls {
  readonly #timers: Map<Tcb, Timer> = new Map();

  /** Calls `poll` each `intervalMs` while the connection lasts; 0: never again. */
  set(tcb: Tcb, intervalMs: number, poll: (connection: TcpConnection) => void): void {
    this.stop(tcb);
    if (intervalMs === 0) return;
    if (!(intervalMs > 0)) throw new RangeError(`A poll interval must be positive: got ${intervalMs}`);
    const { layer } = tcb;
    const timer: Timer = layer.timers.create(() => {
      timer.start(intervalMs);
      poll(tcb.connection);
      layer.flush();
    });
    this.#timers.set(tcb, timer);
    timer.start(intervalMs);
  }

  /** The connection is over. */
  stop(tcb: Tcb): void {
    if (this.#timers.size === 0) return;
    this.#timers.get(tcb)?.stop();
    this.#timers.delete(tcb);
  }
}
