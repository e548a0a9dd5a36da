import type { SerialPort } from "../serial_port.ts";

const EMPTY = new Uint8Array(0);

/** Keeps what a port had no room for. One short text at a time is under way, so it stays small. */
export class PortWriter {
  readonly #port: SerialPort;
  #rest: Uint8Array = EMPTY;

  /** Makes a writer.
   *
   * @param port Where to.
   */
  constructor(port: SerialPort) {
    this.#port = port;
  }

  /** Whether the port took everything. */
  get isEmpty(): boolean {
    return this.#rest.length === 0;
  }

  /** Sends bytes, behind those which wait. */
  write(bytes: Uint8Array): void {
    let all = bytes;
    if (this.#rest.length > 0) {
      all = new Uint8Array(this.#rest.length + bytes.length);
      all.set(this.#rest);
      all.set(bytes, this.#rest.length);
    }
    const taken = this.#port.write(all, 0, all.length);
    this.#rest = taken < all.length ? all.slice(taken) : EMPTY;
  }

  /** Sends what waits; the port has room again. */
  flush(): void {
    if (this.#rest.length > 0) this.write(EMPTY);
  }

  /** Forgets what waits. */
  clear(): void {
    this.#rest = EMPTY;
  }
}
