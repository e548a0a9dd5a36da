/** Sends messages: a head, and a body from a stream with the framing that fits.
 *
 * @module
 */
import { type ByteConn, writeAll } from "./byte_conn.ts";
import { latin1Bytes } from "./byte_reader.ts";

/** A head and a body in memory of at most this size together are sent in one piece. */
const MAX_JOINED_BYTES = 65_536;
/** Microtasks that a stream over bytes in memory needs at most to hand over one of its pieces. */
const PEEK_MICROTASKS = 12;

type ReadResult = ReadableStreamReadResult<Uint8Array>;

/** A body and what is known of it before the head is sent. */
export class OutgoingBody {
  /** Bytes of the whole body, if it is in memory; `undefined`: it comes as a stream. */
  readonly whole: Uint8Array | undefined;
  /** Whether it was the body that made {@linkcode send} fail, not the connection. */
  isBroken: boolean;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #reads: Promise<ReadResult>[];

  private constructor(
    whole: Uint8Array | undefined,
    reader: ReadableStreamDefaultReader<Uint8Array> | undefined,
    reads: Promise<ReadResult>[],
  ) {
    this.whole = whole;
    this.isBroken = false;
    this.#reader = reader;
    this.#reads = reads;
  }

  /** A body that is in memory, or none. */
  static of(bytes: Uint8Array): OutgoingBody {
    return new OutgoingBody(bytes, undefined, []);
  }

  /** Looks whether the stream is over after a first piece that is there already, as it is with those made from
   * strings and arrays; never waits for a stream that has yet to produce something. */
  static async peek(stream: ReadableStream<Uint8Array> | null): Promise<OutgoingBody> {
    if (stream === null) return OutgoingBody.of(EMPTY);
    const reader = stream.getReader();
    const first = reader.read();
    const firstResult = await soon(first);
    if (firstResult === undefined) return new OutgoingBody(undefined, reader, [first]);
    if (firstResult.done) return OutgoingBody.of(EMPTY);
    const second = reader.read();
    const secondResult = await soon(second);
    if (secondResult?.done) return OutgoingBody.of(firstResult.value);
    return new OutgoingBody(undefined, reader, [first, second]);
  }

  /** Sends the head, then the body.
   *
   * @param head with its empty line.
   * @param framing a number: exactly so many bytes; "chunked"; "until-close".
   * @throws {TypeError} when the stream is shorter or longer than `framing` says.
   */
  async send(conn: ByteConn, head: string, framing: number | "chunked" | "until-close"): Promise<void> {
    const headBytes = latin1Bytes(head);
    if (this.whole !== undefined) return await this.#sendWhole(conn, headBytes, framing);
    await writeAll(conn, headBytes);
    let isFirst = true;
    let sent = 0;
    for (;;) {
      const result = await this.#next();
      if (result.done) break;
      const piece = result.value;
      if (piece.length === 0) continue;
      sent += piece.length;
      if (typeof framing === "number" && sent > framing) break;
      if (framing === "chunked") {
        await writeAll(conn, latin1Bytes(`${isFirst ? "" : "\r\n"}${piece.length.toString(16)}\r\n`));
        isFirst = false;
      }
      await writeAll(conn, piece);
    }
    if (framing === "chunked") await writeAll(conn, latin1Bytes(`${isFirst ? "" : "\r\n"}0\r\n\r\n`));
    else if (framing !== "until-close") this.#assertLength(sent, framing);
  }

  /** Gives the stream up: nobody wants the rest. */
  cancel(reason: unknown): void {
    this.#reader?.cancel(reason).catch(() => {});
  }

  async #sendWhole(
    conn: ByteConn,
    head: Uint8Array,
    framing: number | "chunked" | "until-close",
  ): Promise<void> {
    const body = this.whole!;
    if (typeof framing === "number") this.#assertLength(body.length, framing);
    if (framing === "chunked") throw new TypeError("Cannot happen: a body in memory has a length");
    if (head.length + body.length > MAX_JOINED_BYTES) {
      await writeAll(conn, head);
      return await writeAll(conn, body);
    }
    const message = new Uint8Array(head.length + body.length);
    message.set(head);
    message.set(body, head.length);
    await writeAll(conn, message);
  }

  async #next(): Promise<ReadResult> {
    try {
      return await (this.#reads.shift() ?? this.#reader!.read());
    } catch (error) {
      this.isBroken = true;
      throw error;
    }
  }

  #assertLength(actual: number, announced: number): void {
    if (actual === announced) return;
    this.isBroken = true;
    throw new TypeError(`Cannot send a body of ${actual} bytes or more: Content-Length says ${announced}`);
  }
}

/** The result of a promise which is about to resolve; `undefined` if it takes longer, or fails. */
async function soon(promise: Promise<ReadResult>): Promise<ReadResult | undefined> {
  let result: ReadResult | undefined;
  promise.then((value) => result = value, () => {});
  for (let i = 0; i < PEEK_MICROTASKS && result === undefined; i++) await undefined;
  return result;
}

const EMPTY: Uint8Array = new Uint8Array(0);
