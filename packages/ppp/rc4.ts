/** Data plane. {@linkcode Rc4}: the stream cipher of MPPE and of changed passwords (RFC 6229 has test vectors). Broken for every
 * other purpose; spoken here because the peer does.
 *
 * @module
 */

/** The state of an RC4 stream. */
export class Rc4 {
  readonly #state: Uint8Array;
  #i: number;
  #j: number;

  /** Makes a stream.
   *
   * @param key 1 … 256 octets.
   */
  constructor(key: Uint8Array) {
    this.#state = new Uint8Array(256);
    this.#i = 0;
    this.#j = 0;
    this.setKey(key, key.length);
  }

  /** Begins the stream of another key, the first `length` octets of `key`.
   *
   * @throws {RangeError} if the key is empty or longer than 256 octets.
   */
  setKey(key: Uint8Array, length: number = key.length): void {
    if (length < 1 || length > 256 || length > key.length) {
      throw new RangeError(`no RC4 key: ${length} octets`);
    }
    const state = this.#state;
    for (let i = 0; i < 256; i++) state[i] = i;
    for (let i = 0, j = 0; i < 256; i++) {
      const value = state[i]!;
      j = (j + value + key[i % length]!) & 0xff;
      state[i] = state[j]!;
      state[j] = value;
    }
    this.#i = 0;
    this.#j = 0;
  }

  /** Encrypts or decrypts `bytes[start … end]`, in place or to `into[at]`; the stream goes on from there.
   *
   * @returns Offset in `into` behind the last octet.
   */
  apply(bytes: Uint8Array, start: number, end: number, into: Uint8Array = bytes, at: number = start): number {
    const state = this.#state;
    let i = this.#i;
    let j = this.#j;
    for (let k = start; k < end; k++) {
      i = (i + 1) & 0xff;
      const a = state[i]!;
      j = (j + a) & 0xff;
      const b = state[j]!;
      state[i] = b;
      state[j] = a;
      into[at++] = bytes[k]! ^ state[(a + b) & 0xff]!;
    }
    this.#i = i;
    this.#j = j;
    return at;
  }
}
