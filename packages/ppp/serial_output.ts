/** Data plane. {@linkcode SerialOutput}: frames that wait for a serial port.
 *
 * @module
 */
import type { SerialPort } from "./serial_port.ts";

/** Octets between a framing and its port. Who writes frames puts them at {@linkcode SerialOutput.end} of
 * {@linkcode SerialOutput.bytes}, after {@linkcode SerialOutput.makeRoom} has said that there is room, and moves the end. */
export class SerialOutput {
  /** The octets. */
  readonly bytes: Uint8Array;
  /** Offset behind the last octet that waits. */
  end: number;
  /** Octets taken by the port so far. */
  octetsSent: number;
  readonly #port: SerialPort;
  #start: number;
  #isWriting: boolean;
  #isCleared: boolean;
  #isBlocked: boolean;

  /** Makes an empty one.
   *
   * @param bytes Octets that wait at most.
   */
  constructor(port: SerialPort, bytes: number) {
    this.bytes = new Uint8Array(bytes);
    this.end = 0;
    this.octetsSent = 0;
    this.#port = port;
    this.#start = 0;
    this.#isWriting = false;
    this.#isCleared = false;
    this.#isBlocked = false;
  }

  /** Whether nothing waits. */
  get isEmpty(): boolean {
    return this.#start === this.end;
  }

  /** Whether the port has taken less than it was given, and not told of room since. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** Whether the port is being written to at this moment: it may call back from inside of that. */
  get isWriting(): boolean {
    return this.#isWriting;
  }

  /** Sees to it that `needed` octets fit, and that not more than `limit` wait afterwards.
   *
   * @param mayWrite Whether the port may be written to, to make room.
   */
  makeRoom(needed: number, limit: number, mayWrite: boolean): boolean {
    if (this.end + needed <= limit) return true;
    if (mayWrite) this.write();
    if (this.#start > 0 && !this.#isWriting) {
      this.bytes.copyWithin(0, this.#start, this.end);
      this.end -= this.#start;
      this.#start = 0;
    }
    return this.end + needed <= limit;
  }

  /** Gives the port what waits, and what comes to wait meanwhile.
   *
   * @returns whether it has taken all, and there was something.
   */
  write(): boolean {
    if (this.#isWriting || this.isEmpty) return false;
    this.#isWriting = true;
    this.#isCleared = false;
    this.#isBlocked = false;
    while (!this.#isBlocked && this.#start < this.end) {
      const { end } = this;
      const start = this.#start;
      const taken = this.#port.write(this.bytes, start, end);
      this.octetsSent += taken;
      if (this.#isCleared) break; // from inside of the port's call
      this.#start = start + taken;
      this.#isBlocked = this.#start < end;
    }
    this.#isWriting = false;
    if (this.#isBlocked) return false;
    this.#start = this.end = 0;
    return true;
  }

  /** Forgets what waits. */
  clear(): void {
    this.#start = this.end = 0;
    this.#isBlocked = false;
    this.#isCleared = true;
  }
}
