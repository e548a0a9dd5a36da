/** {@linkcode BodyReader}: takes the body of one message out of a connection, RFC 9112 §6 and §7.
 *
 * @module
 */
import type { BodyFraming } from "./body_framing.ts";
import type { ByteReader } from "./byte_reader.ts";
import { HttpError } from "./http_error.ts";

/** Longest line that announces a chunk, extensions included. */
const MAX_CHUNK_LINE_BYTES = 4096;
/** Most bytes of trailer fields; they are read and dropped. */
const MAX_TRAILER_BYTES = 16_384;

/** Reads one body, piece by piece. When it {@linkcode isDone}, the next message begins. */
export class BodyReader {
  readonly #reader: ByteReader;
  readonly #framing: BodyFraming;
  /** Bytes to come of the chunk, or of the body. */
  #remaining: number;
  #isFirstChunk = true;
  #isDone: boolean;

  /** @param reader stands behind the head. */
  constructor(reader: ByteReader, framing: BodyFraming) {
    this.#reader = reader;
    this.#framing = framing;
    this.#remaining = typeof framing === "number" ? framing : framing === "until-close" ? Infinity : 0;
    this.#isDone = framing === 0;
  }

  /** Everything was read. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Bytes that can be taken without waiting; 0: wait, unless {@linkcode isDone}. */
  get available(): number {
    return Math.min(this.#remaining, this.#reader.buffered);
  }

  /** Waits until something is available, or the body is done.
   *
   * @throws {HttpError} 400 when the peer ends within the body or a chunk is malformed.
   */
  async wait(): Promise<void> {
    if (this.#isDone || this.available > 0) return;
    if (this.#remaining === 0) {
      await this.#nextChunk();
      if (this.#isDone || this.available > 0) return;
    }
    if (await this.#reader.fill()) return;
    if (this.#framing !== "until-close") throw new HttpError(400, "The peer ended within a body");
    this.#isDone = true;
  }

  /** A copy of what is available, at most `limit` bytes. */
  take(limit: number): Uint8Array<ArrayBuffer> {
    const bytes = this.#reader.take(Math.min(limit, this.#remaining));
    this.#taken(bytes.length);
    return bytes;
  }

  /** Copies what is available into `into`; returns how many bytes. */
  takeInto(into: Uint8Array): number {
    const count = this.#reader.takeInto(
      into.length <= this.#remaining ? into : into.subarray(0, this.#remaining),
    );
    this.#taken(count);
    return count;
  }

  /** Reads the rest and drops it.
   *
   * @returns false when more than `limit` bytes were to come: then the connection is of no more use.
   */
  async drain(limit: number): Promise<boolean> {
    while (!this.#isDone) {
      await this.wait();
      const count = this.available;
      if (count > limit) return false;
      limit -= count;
      this.#reader.skip(count);
      this.#taken(count);
    }
    return true;
  }

  #taken(count: number): void {
    this.#remaining -= count;
    if (this.#remaining === 0 && this.#framing !== "chunked") this.#isDone = true;
  }

  async #nextChunk(): Promise<void> {
    if (!this.#isFirstChunk && await this.#reader.readLine(2) !== "") {
      throw new HttpError(400, "A chunk is longer than announced");
    }
    this.#isFirstChunk = false;
    const line = await this.#reader.readLine(MAX_CHUNK_LINE_BYTES);
    // Thirteen digits would pass 2^52; extensions may follow (RFC 9112 §7.1.1) and mean nothing to us.
    const match = /^([0-9A-Fa-f]{1,12})[\t ]*(?:;.*)?$/.exec(line);
    if (match === null) throw new HttpError(400, "The size of a chunk is malformed");
    this.#remaining = parseInt(match[1]!, 16);
    if (this.#remaining > 0) return;
    let trailerBytes = 0;
    for (let field = ""; (field = await this.#reader.readLine(MAX_TRAILER_BYTES)) !== "";) {
      trailerBytes += field.length;
      if (trailerBytes > MAX_TRAILER_BYTES) throw new HttpError(400, "The trailer is too long");
    }
    this.#isDone = true;
  }
}

/** What to do when a stream made by {@linkcode bodyStream} comes to an end. */
export interface BodyStreamHooks {
  /** Called before the first byte is waited for (to send 100 Continue). */
  readonly onStart?: () => void;
  /** Runs one wait, for instance with a time limit; default: `wait()`. */
  readonly guard?: (wait: () => Promise<void>) => Promise<void>;
  /** The body was read to its end. */
  readonly onDone?: () => void;
  /** The body was given up, or broke off. */
  readonly onFailed?: (reason: unknown) => void;
}

/** A byte stream of a body, which reads when asked to and keeps nothing itself. */
export function bodyStream(
  body: BodyReader,
  hooks: BodyStreamHooks,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let isStarted = false;
  const pull = async (controller: ReadableByteStreamController): Promise<void> => {
    if (!isStarted) {
      isStarted = true;
      hooks.onStart?.();
    }
    try {
      if (body.available === 0) {
        await (hooks.guard === undefined ? body.wait() : hooks.guard(() => body.wait()));
      }
    } catch (error) {
      hooks.onFailed?.(error);
      throw error;
    }
    deliver(body, controller);
    // Told with the last bytes, not when somebody asks for more: the connection is free now.
    if (body.isDone) hooks.onDone?.();
  };
  return new ReadableStream({
    type: "bytes",
    pull,
    cancel: (reason) => hooks.onFailed?.(reason),
  }, { highWaterMark: 0 });
}

function deliver(body: BodyReader, controller: ReadableByteStreamController): void {
  const request = controller.byobRequest;
  const view = request?.view;
  if (request !== null && view) {
    const count = body.takeInto(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    if (body.isDone && count === 0) controller.close();
    request.respond(count);
    if (body.isDone && count > 0) controller.close();
    return;
  }
  if (body.available > 0) controller.enqueue(body.take(Infinity));
  if (body.isDone) controller.close();
}
