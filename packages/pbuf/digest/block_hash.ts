/** Data plane. {@linkcode BlockHash}: what MD5 and SHA-1 have in common: blocks of 64 octets, and the padding of the last one
 * (RFC 1321 §3.1, RFC 3174 §4).
 *
 * @module
 */

/** A digest in the making: {@linkcode update} as often as it takes, then {@linkcode digestInto}. One instance serves any number of
 * messages. */
export abstract class BlockHash {
  /** Octets of a digest. */
  readonly digestLength: number;
  /** The words that blocks change. */
  protected readonly state: Int32Array;
  readonly #isLittleEndian: boolean;
  readonly #block: Uint8Array;
  readonly #view: DataView;
  readonly #stateOfBlocks: Int32Array;
  #length: number;
  #savedLength: number;

  /** No message yet.
   *
   * @param isLittleEndian whether the length, and the digest, are written least significant octet first. */
  protected constructor(words: number, isLittleEndian: boolean) {
    this.digestLength = 4 * words;
    this.state = new Int32Array(words);
    this.#isLittleEndian = isLittleEndian;
    this.#block = new Uint8Array(64);
    this.#view = new DataView(this.#block.buffer);
    this.#stateOfBlocks = new Int32Array(words);
    this.#length = 0;
    this.#savedLength = 0;
  }

  /** Sets `state` to what it is before the first block. */
  protected abstract begin(): void;

  /** Takes one block in. */
  protected abstract addBlock(view: DataView, offset: number): void;

  /** Begins a message. */
  reset(): void {
    this.#length = 0;
    this.begin();
  }

  /** Remembers where the message stands, at a multiple of 64 octets, for {@linkcode restore}. */
  save(): void {
    this.#stateOfBlocks.set(this.state);
    this.#savedLength = this.#length;
  }

  /** Goes back to what {@linkcode save} has remembered. */
  restore(): void {
    this.state.set(this.#stateOfBlocks);
    this.#length = this.#savedLength;
  }

  /** Takes octets `start` … `end` − 1 of `bytes` in. */
  update(bytes: Uint8Array, start: number = 0, end: number = bytes.length): void {
    const block = this.#block;
    let filled = this.#length & 63;
    this.#length += end - start;
    while (start < end) {
      const room = 64 - filled;
      const count = end - start < room ? end - start : room;
      for (let i = 0; i < count; i++) block[filled + i] = bytes[start + i]!;
      start += count;
      filled += count;
      if (filled < 64) return;
      this.addBlock(this.#view, 0);
      filled = 0;
    }
  }

  /** Ends the message: writes {@linkcode digestLength} octets at `at` of `out`. */
  digestInto(out: Uint8Array, at: number): void {
    const block = this.#block;
    const isLittleEndian = this.#isLittleEndian;
    let filled = this.#length & 63;
    block[filled++] = 0x80;
    if (filled > 56) {
      block.fill(0, filled);
      this.addBlock(this.#view, 0);
      filled = 0;
    }
    block.fill(0, filled, 56);
    const low = (this.#length << 3) >>> 0;
    const high = Math.floor(this.#length / 0x2000_0000);
    this.#view.setUint32(56, isLittleEndian ? low : high, isLittleEndian);
    this.#view.setUint32(60, isLittleEndian ? high : low, isLittleEndian);
    this.addBlock(this.#view, 0);
    const { state, digestLength } = this;
    for (let i = 0; i < digestLength; i++) {
      const shift = isLittleEndian ? 8 * (i & 3) : 24 - 8 * (i & 3);
      out[at + i] = state[i >> 2]! >>> shift;
    }
  }
}

/** The digest of the parts one behind the other. */
export function digestParts(hash: BlockHash, parts: readonly Uint8Array[]): Uint8Array {
  hash.reset();
  for (const part of parts) hash.update(part);
  const digest = new Uint8Array(hash.digestLength);
  hash.digestInto(digest, 0);
  return digest;
}
