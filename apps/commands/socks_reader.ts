/** {@linkcode HandshakeReader}: takes a handshake off a connection, and no byte more than it has to.
 *
 * @module
 */
import type { ByteStream } from "./forward_relay.ts";

/** Longest handshake, in bytes. */
export const MAX_HANDSHAKE_BYTES = 32_768;

/** The client does not speak as it should, or has gone. */
export class HandshakeError extends Error {
  /** @param message one clause: "the client speaks no known protocol". */
  constructor(message: string) {
    super(message);
    this.name = "HandshakeError";
  }
}

/** Reads a handshake piece by piece; what was read too far is kept. */
export class HandshakeReader {
  readonly #conn: ByteStream;
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #taken = 0;

  /** Reads nothing yet. */
  constructor(conn: ByteStream) {
    this.#conn = conn;
  }

  /** What was read and not taken: the first bytes behind the handshake. */
  get rest(): Uint8Array<ArrayBuffer> {
    return this.#bytes;
  }

  /** The next byte, without taking it. */
  async peek(): Promise<number> {
    await this.#fill(1);
    return this.#bytes[0]!;
  }

  /** Takes `length` bytes.
   *
   * @throws {HandshakeError} when the client ends before.
   */
  async take(length: number): Promise<Uint8Array<ArrayBuffer>> {
    await this.#fill(length);
    return this.#cut(length);
  }

  /** Takes one byte. */
  async takeByte(): Promise<number> {
    return (await this.take(1))[0]!;
  }

  /** Takes a text that ends with a zero byte; without it.
   *
   * @throws {HandshakeError} when it is longer than 255 bytes.
   */
  async takeText(): Promise<string> {
    for (let length = 0;; length++) {
      if (length > 255) throw new HandshakeError("a text is too long");
      await this.#fill(length + 1);
      if (this.#bytes[length] === 0) return decode(this.#cut(length + 1).subarray(0, length));
    }
  }

  /** Takes lines up to an empty one, which is left out (RFC 9112 §2.1).
   *
   * @throws {HandshakeError} when they are longer than {@linkcode MAX_HANDSHAKE_BYTES}.
   */
  async takeLines(): Promise<string[]> {
    const lines: string[] = [];
    for (let length = 0;; length++) {
      await this.#fill(length + 1);
      if (this.#bytes[length] !== 0x0a) continue;
      const line = decode(this.#cut(length + 1).subarray(0, length)).replace(/\r$/, "");
      if (line === "") return lines;
      lines.push(line);
      length = -1;
    }
  }

  async #fill(length: number): Promise<void> {
    while (this.#bytes.length < length) {
      if (this.#taken + length > MAX_HANDSHAKE_BYTES) throw new HandshakeError("the handshake is too long");
      const buffer = new Uint8Array(4096);
      const count = await this.#conn.read(buffer);
      if (count === null) throw new HandshakeError("the client has gone");
      const joined = new Uint8Array(this.#bytes.length + count);
      joined.set(this.#bytes);
      joined.set(buffer.subarray(0, count), this.#bytes.length);
      this.#bytes = joined;
    }
  }

  #cut(length: number): Uint8Array<ArrayBuffer> {
    const cut = this.#bytes.slice(0, length);
    this.#bytes = this.#bytes.slice(length);
    this.#taken += length;
    return cut;
  }
}

/** Octets as text, each its own character: nothing is lost, and nothing is guessed. */
function decode(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
