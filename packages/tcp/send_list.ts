/** Data plane. {@linkcode SendList}: text that waits for acknowledgment in pieces, some of which are the user's own memory (lwIP:
 * tcp_write without TCP_WRITE_FLAG_COPY). It stands in for the ring of {@linkcode SendBuffer} while there is such a piece.
 *
 * @module
 */

/** Memory of a piece of ours: small writes that follow join it. */
const OWN_PIECE_BYTES = 4096;

interface Piece {
  readonly bytes: Uint8Array;
  start: number;
  end: number;
  /** The memory is ours: there may be room behind `end`. */
  readonly isOwn: boolean;
}

/** A queue of pieces that can be read at any offset. */
export class SendList {
  readonly #pieces: Piece[];
  #length: number;
  /** Piece that was read last, and its offset from the head: transmission goes forward. */
  #cursor: number;
  #cursorOffset: number;

  /** Nothing waits. */
  constructor() {
    this.#pieces = [];
    this.#length = 0;
    this.#cursor = 0;
    this.#cursorOffset = 0;
  }

  /** Octets held. */
  get length(): number {
    return this.#length;
  }

  /** Appends the user's memory: it must stay as it is until it is acknowledged. */
  reference(data: Uint8Array, offset: number, length: number): void {
    this.#pieces.push({ bytes: data, start: offset, end: offset + length, isOwn: false });
    this.#length += length;
  }

  /** Appends a copy. */
  copy(data: Uint8Array, offset: number, length: number): void {
    const last = this.#pieces.at(-1);
    const { bytes } = last ?? { bytes: data };
    if (last !== undefined && last.isOwn && last.end + length <= bytes.length) {
      bytes.set(data.subarray(offset, offset + length), last.end);
      last.end += length;
    } else {
      const own = new Uint8Array(length > OWN_PIECE_BYTES ? length : OWN_PIECE_BYTES);
      own.set(data.subarray(offset, offset + length));
      this.#pieces.push({ bytes: own, start: 0, end: length, isOwn: true });
    }
    this.#length += length;
  }

  /** Copies `length` octets, `offset` octets behind the head, to `into` at `intoOffset`. The range must lie inside. */
  copyTo(offset: number, length: number, into: Uint8Array, intoOffset: number): void {
    if (offset < this.#cursorOffset) {
      this.#cursor = 0;
      this.#cursorOffset = 0;
    }
    let i = this.#cursor;
    let base = this.#cursorOffset;
    for (; length > 0; i++) {
      const piece = this.#pieces[i]!;
      const pieceLength = piece.end - piece.start;
      if (offset >= base + pieceLength) {
        base += pieceLength;
        continue;
      }
      this.#cursor = i;
      this.#cursorOffset = base;
      const from = piece.start + offset - base;
      const count = piece.end - from < length ? piece.end - from : length;
      into.set(piece.bytes.subarray(from, from + count), intoOffset);
      offset += count;
      intoOffset += count;
      length -= count;
      base += pieceLength;
    }
  }

  /** Drops `count` octets from the head: the pieces they were in are the user's again. */
  ack(count: number): void {
    this.#length -= count;
    let whole = 0;
    while (count > 0) {
      const piece = this.#pieces[whole]!;
      const pieceLength = piece.end - piece.start;
      if (count < pieceLength) {
        piece.start += count;
        break;
      }
      count -= pieceLength;
      whole++;
    }
    if (whole > 0) this.#pieces.splice(0, whole);
    this.#cursor = 0;
    this.#cursorOffset = 0;
  }
}
