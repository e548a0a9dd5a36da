/** {@linkcode ByteReader}: the buffered receiving side of one HTTP connection.
 *
 * @module
 */
import type { ByteConn } from "./byte_conn.ts";
import { HttpError } from "./http_error.ts";

/** Bytes of the buffer: what one chunk of a body holds at most, and more than any head may have. */
export const READER_BUFFER_BYTES = 65_536;

const CR = 0x0d;
const LF = 0x0a;

/** Reads from a connection by heads, lines and pieces. One reader lives as long as its connection, since what
 * comes behind one message is the beginning of the next. */
export class ByteReader {
  readonly #conn: ByteConn;
  readonly #buffer: Uint8Array<ArrayBuffer>;
  #start = 0;
  #end = 0;
  #isEnded = false;
  #pending: Promise<boolean> | undefined = undefined;

  /** @param conn nobody else may read from it. */
  constructor(conn: ByteConn) {
    this.#conn = conn;
    this.#buffer = new Uint8Array(READER_BUFFER_BYTES);
  }

  /** Bytes that are here already. */
  get buffered(): number {
    return this.#end - this.#start;
  }

  /** The peer has ended, and everything was taken. */
  get isAtEnd(): boolean {
    return this.#isEnded && this.#start === this.#end;
  }

  /** Waits for at least one more byte. Called again before that, it waits for the same bytes.
   *
   * @returns false when the peer has ended, or the buffer is full.
   */
  fill(): Promise<boolean> {
    return this.#pending ??= this.#read();
  }

  /** Copies out what is here, at most `limit` bytes, without waiting. */
  take(limit: number): Uint8Array<ArrayBuffer> {
    const end = Math.min(this.#end, this.#start + limit);
    const bytes = this.#buffer.slice(this.#start, end);
    this.#start = end;
    return bytes;
  }

  /** Copies what is here into `into`, without waiting; returns how many bytes. */
  takeInto(into: Uint8Array): number {
    const end = Math.min(this.#end, this.#start + into.length);
    const count = end - this.#start;
    into.set(this.#buffer.subarray(this.#start, end));
    this.#start = end;
    return count;
  }

  /** Skips bytes which are here. */
  skip(count: number): void {
    this.#start = Math.min(this.#end, this.#start + count);
  }

  /** Reads up to and including the empty line that ends a head, RFC 9112 §2.1. Empty lines in front are
   * skipped, and a line may end with LF alone (RFC 9112 §2.2).
   *
   * @returns the head as Latin-1 text, without the empty line; `undefined` when the peer ended before its first byte.
   * @throws {HttpError} 431 past `maxBytes`, 400 when the peer ends within the head.
   */
  async readHead(maxBytes: number): Promise<string | undefined> {
    let scanned = 0;
    for (;;) {
      if (scanned === 0) this.#skipEmptyLines();
      const end = this.#findHeadEnd(scanned);
      const length = end < 0 ? this.buffered : end;
      if (length > maxBytes) throw new HttpError(431, `The head is longer than ${maxBytes} bytes`);
      if (end >= 0) {
        const text = latin1(this.#buffer, this.#start, this.#start + end);
        this.#start += end;
        return text;
      }
      // The end may have been cut in the middle: "\r\n\r" + "\n".
      scanned = Math.max(0, this.buffered - 3);
      if (!await this.fill()) {
        if (this.buffered === 0) return undefined;
        if (!this.#isEnded) throw new HttpError(431, `The head is longer than ${READER_BUFFER_BYTES} bytes`);
        throw new HttpError(400, "The peer ended within a head");
      }
    }
  }

  /** Reads one line that ends with CRLF.
   *
   * @returns the line as Latin-1 text, without CRLF.
   * @throws {HttpError} 400 when it is longer than `maxBytes`, ends with LF alone, or the peer ends within it.
   */
  async readLine(maxBytes: number): Promise<string> {
    let scanned = 0;
    for (;;) {
      for (; scanned < this.buffered; scanned++) {
        if (scanned > maxBytes) throw new HttpError(400, "A line of a chunked body is too long");
        if (this.#buffer[this.#start + scanned] === LF) return this.#takeLine(scanned);
      }
      if (!await this.fill()) throw new HttpError(400, "The peer ended within a chunked body");
    }
  }

  #takeLine(length: number): string {
    const at = this.#start + length;
    if (length === 0 || this.#buffer[at - 1] !== CR) {
      throw new HttpError(400, "A line of a chunked body does not end with CRLF");
    }
    const text = latin1(this.#buffer, this.#start, at - 1);
    this.#start = at + 1;
    return text;
  }

  async #read(): Promise<boolean> {
    if (this.#start === this.#end) {
      this.#start = this.#end = 0;
    } else if (this.#end === this.#buffer.length) {
      if (this.#start === 0) return false;
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    try {
      for (;;) {
        const count = await this.#conn.read(this.#buffer.subarray(this.#end));
        if (count === null) {
          this.#isEnded = true;
          return false;
        }
        if (count === 0) continue;
        this.#end += count;
        return true;
      }
    } finally {
      this.#pending = undefined;
    }
  }

  #skipEmptyLines(): void {
    while (this.#start < this.#end) {
      const byte = this.#buffer[this.#start];
      if (byte !== CR && byte !== LF) return;
      this.#start++;
    }
  }

  /** Length of the head with its empty line, counted from the first byte; −1: not here yet. */
  #findHeadEnd(from: number): number {
    const buffer = this.#buffer;
    for (let i = this.#start + from; i < this.#end; i++) {
      if (buffer[i] !== LF) continue;
      if (i + 1 < this.#end && buffer[i + 1] === LF) return i + 2 - this.#start;
      if (i + 2 < this.#end && buffer[i + 1] === CR && buffer[i + 2] === LF) return i + 3 - this.#start;
    }
    return -1;
  }
}

/** Bytes as text, one character a byte (ISO-8859-1; the "latin1" of TextDecoder is windows-1252). */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at += 4096) {
    const piece = bytes.subarray(at, Math.min(end, at + 4096));
    // Three times as fast as spreading, which goes through the iterator.
    text += String.fromCharCode.apply(null, piece as unknown as number[]);
  }
  return text;
}

/** Text whose characters are all below 256 as bytes. */
export function latin1Bytes(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
