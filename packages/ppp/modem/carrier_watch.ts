/** Finds `NO CARRIER` in a stream of PPP frames.
 *
 * The same text inside a frame is somebody's data, and must not hang up: it counts between frames only, or as the last
 * thing said before silence.
 *
 * @module
 */

const PATTERN: Uint8Array = new TextEncoder().encode("\r\nNO CARRIER\r\n");
const FLAG = 0x7e;

/** Fed with what arrives in data mode. */
export class CarrierWatch {
  #index = 0;
  #isBetweenFrames = true;
  #startedBetweenFrames = false;
  #endsWithText = false;

  /** Whether the text was the last that came, inside of a frame: with silence behind it, it means what it says. */
  get endsWithText(): boolean {
    return this.#endsWithText;
  }

  /** Begins anew, as behind a `CONNECT`. */
  reset(): void {
    this.#index = 0;
    this.#isBetweenFrames = true;
    this.#startedBetweenFrames = false;
    this.#endsWithText = false;
  }

  /** Reads bytes.
   *
   * @param bytes What arrived.
   * @param start Offset of the first byte; 0 by default.
   * @param end Offset behind the last byte; the length of `bytes` by default.
   * @returns Whether the text was found between frames.
   */
  push(bytes: Uint8Array, start: number = 0, end: number = bytes.length): boolean {
    for (let i = start; i < end; i++) {
      const byte = bytes[i]!;
      this.#endsWithText = false;
      if (byte === PATTERN[this.#index]) {
        if (this.#index === 0) this.#startedBetweenFrames = this.#isBetweenFrames;
        this.#index++;
      } else if (byte === PATTERN[0]) {
        // An empty line in front of the text leaves it between frames.
        this.#startedBetweenFrames = this.#index === 0 || this.#index > 2
          ? this.#isBetweenFrames
          : this.#startedBetweenFrames;
        this.#index = 1;
      } else {
        this.#index = 0;
      }
      if (this.#index === PATTERN.length) {
        this.#index = 0;
        if (this.#startedBetweenFrames) return true;
        this.#endsWithText = true;
      }
      this.#isBetweenFrames = byte === FLAG;
    }
    return false;
  }
}
