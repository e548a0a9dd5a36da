/** Data plane. {@linkcode ServedConnections}: which connections have something to send or to tell.
 *
 * @module
 */
import { output } from "./output.ts";
import type { Tcb } from "./tcb.ts";
import { deliverEvents } from "./upcalls.ts";

/** A list of connections in the order in which something happened to them; each is on it at most once. */
export class ServedConnections {
  #tcbs: Tcb[];
  #next: number;

  /** Nothing to do yet. */
  constructor() {
    this.#tcbs = [];
    this.#next = 0;
  }

  /** Connections that wait. */
  get size(): number {
    return this.#tcbs.length - this.#next;
  }

  /** Puts a connection at the end.
   *
   * @returns whether it was not on the list yet.
   */
  add(tcb: Tcb): boolean {
    if (tcb.isTouched) return false;
    tcb.isTouched = true;
    this.#tcbs.push(tcb);
    return true;
  }

  /** Lets each tell its user, then send: so that an answer of the user's carries the acknowledgment. What a callback
   * puts on the list is served too. A callback that throws ends the round; the others keep their place. */
  serve(): void {
    while (this.#next < this.#tcbs.length) {
      const tcb = this.#tcbs[this.#next++]!;
      tcb.isTouched = false;
      if (tcb.events !== 0) deliverEvents(tcb);
      output(tcb);
      if (tcb.events !== 0) this.add(tcb);
    }
    this.#tcbs.length = 0;
    this.#next = 0;
  }
}
