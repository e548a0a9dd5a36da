/** Data plane. {@linkcode HmacSha1}: a keyed digest (RFC 2104 with RFC 3174).
 *
 * @module
 */
import { Sha1, sha1 } from "./sha1.ts";

/** HMAC-SHA-1 under one key, for any number of messages, one after the other. What the key does to both hashes is computed
 * once. */
export class HmacSha1 {
  /** Octets of a digest. */
  readonly digestLength: number = 20;
  readonly #inner: Sha1;
  readonly #outer: Sha1;
  readonly #digest: Uint8Array;

  /** No message yet.
   *
   * @param key of any length; not kept. */
  constructor(key: Uint8Array) {
    const short = key.length > 64 ? sha1(key) : key;
    const pad = new Uint8Array(64);
    this.#inner = new Sha1();
    this.#outer = new Sha1();
    this.#digest = new Uint8Array(20);
    for (let i = 0; i < 64; i++) pad[i] = (short[i] ?? 0) ^ 0x36;
    this.#inner.update(pad);
    this.#inner.save();
    for (let i = 0; i < 64; i++) pad[i] = (short[i] ?? 0) ^ 0x5c;
    this.#outer.update(pad);
    this.#outer.save();
  }

  /** Begins a message. */
  reset(): void {
    this.#inner.restore();
  }

  /** Takes octets `start` … `end` − 1 of `bytes` in. */
  update(bytes: Uint8Array, start: number = 0, end: number = bytes.length): void {
    this.#inner.update(bytes, start, end);
  }

  /** Ends the message: writes 20 octets at `at` of `out`. */
  digestInto(out: Uint8Array, at: number): void {
    this.#inner.digestInto(this.#digest, 0);
    this.#outer.restore();
    this.#outer.update(this.#digest);
    this.#outer.digestInto(out, at);
  }
}
