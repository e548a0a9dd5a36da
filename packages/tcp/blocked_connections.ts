/** {@linkcode BlockedConnections}: connections that could not send for want of buffers or of queue space.
 *
 * @module
 */
import type { Netif, Timer } from "@lightwire/netif";
import type { Tcb } from "./tcb.ts";
import type { TcpLayer } from "./tcp_layer.ts";

/** After this time another attempt is made if nothing wakes the connections before. */
const RETRY_MS = 10;

/** Nothing that waits here is lost: its time comes when the interface has room again, or after a moment. */
export class BlockedConnections {
  readonly #layer: TcpLayer;
  readonly #timer: Timer;
  readonly #watched = new Map<Netif, () => void>();
  #blocked: Tcb[] = [];

  /** @param layer whose connections. */
  constructor(layer: TcpLayer) {
    this.#layer = layer;
    this.#timer = layer.timers.create(() => this.#retry());
  }

  /** Connections that wait. */
  get size(): number {
    return this.#blocked.length;
  }

  /** Puts a connection on the list. */
  add(tcb: Tcb): void {
    if (tcb.isBlocked) return;
    tcb.isBlocked = true;
    this.#blocked.push(tcb);
    const netif = tcb.tx.netif;
    if (netif !== undefined && !netif.hasQueueSpace && !this.#watched.has(netif)) {
      this.#watched.set(netif, netif.onWritable(() => this.#retry()));
    }
    if (!this.#timer.isArmed) this.#timer.start(RETRY_MS);
  }

  #retry(): void {
    this.#timer.stop();
    const blocked = this.#blocked;
    if (blocked.length === 0) return;
    this.#blocked = [];
    for (const tcb of blocked) {
      tcb.isBlocked = false;
      if (tcb.state !== "CLOSED") this.#layer.touch(tcb);
    }
    this.#layer.flush();
  }
}
