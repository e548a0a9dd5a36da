/** {@linkcode ProcessHold}: whether an open socket lets timers of the stack keep the process alive.
 *
 * @module
 */
import type { Pump } from "./pump.ts";

/** One socket's share in `Pump.hold`; held from the start. */
export class ProcessHold {
  readonly #pump: Pump;
  #isHeld = true;

  /** Holds. */
  constructor(pump: Pump) {
    this.#pump = pump;
    pump.hold();
  }

  /** Holds again; harmless when it does. */
  ref(): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    this.#pump.hold();
  }

  /** Lets go; harmless when it has. */
  unref(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#pump.release();
  }
}
