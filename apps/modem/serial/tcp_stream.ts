/** Data plane. {@linkcode TcpStream}: a TCP connection of the host, written to synchronously through a bounded queue.
 *
 * @module
 */

/** Octets of one read. */
const READ_BYTES = 16384;
/** Octets that wait behind those being sent, at most. */
export const STREAM_QUEUE_BYTES = 16384;
/** How long what was taken may go on leaving after {@linkcode TcpStream.closeAndWait}, in milliseconds. */
const DRAIN_MS = 500;

/** Who owns a {@linkcode TcpStream}. */
export interface TcpStreamOwner {
  /** Octets have arrived; borrowed until the call returns. */
  streamInput(bytes: Uint8Array): void;
  /** Room again after {@linkcode TcpStream.write} took less than it was given. */
  streamWritable(): void;
  /** The connection is over; `undefined` when the other end closed it. */
  streamClosed(error: Error | undefined): void;
}

/** One connection. */
export class TcpStream {
  readonly #connection: Deno.Conn;
  readonly #owner: TcpStreamOwner;
  #filling: Uint8Array<ArrayBuffer>;
  #sending: Uint8Array<ArrayBuffer>;
  #filled: number;
  #isSending: boolean;
  #isBlocked: boolean;
  #isClosed: boolean;
  #reader: Promise<void> | undefined;
  #writer: Promise<void>;

  /** Takes the connection over. */
  constructor(connection: Deno.Conn, owner: TcpStreamOwner) {
    this.#connection = connection;
    this.#owner = owner;
    this.#filling = new Uint8Array(STREAM_QUEUE_BYTES);
    this.#sending = new Uint8Array(STREAM_QUEUE_BYTES);
    this.#filled = 0;
    this.#isSending = false;
    this.#isBlocked = false;
    this.#isClosed = false;
    this.#reader = undefined;
    this.#writer = Promise.resolve();
  }

  /** Octets that can be written now. */
  get room(): number {
    return this.#isClosed ? 0 : STREAM_QUEUE_BYTES - this.#filled;
  }

  /** Begins to read; nothing is handed up inside of the call. */
  start(): void {
    this.#reader ??= this.#read();
  }

  /** Takes octets to be sent. @returns how many; after less than given, {@linkcode TcpStreamOwner.streamWritable} follows. */
  write(bytes: Uint8Array, start: number, end: number): number {
    const count = Math.min(this.room, end - start);
    if (count < end - start) this.#isBlocked = true;
    if (count <= 0) return 0;
    this.#filling.set(count === bytes.length ? bytes : bytes.subarray(start, start + count), this.#filled);
    this.#filled += count;
    if (!this.#isSending) this.#writer = this.#send();
    return count;
  }

  /** Throws away what waits behind the octets being sent. */
  discard(): void {
    this.#filled = 0;
  }

  /** Notes that the owner wants to hear of room. */
  wantRoom(): void {
    this.#isBlocked = true;
  }

  /** Sends what was taken, half a second long at most, and closes. */
  async closeAndWait(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<void>((resolve) => timer = setTimeout(resolve, DRAIN_MS));
      await Promise.race([this.#writer, late]);
      clearTimeout(timer);
      this.#connection.close();
    }
    await this.#reader;
    await this.#writer;
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(READ_BYTES);
    await Promise.resolve();
    let error: Error | undefined;
    try {
      while (!this.#isClosed) {
        const count = await this.#connection.read(buffer);
        if (this.#isClosed) return;
        if (count === null) break;
        this.#owner.streamInput(buffer.subarray(0, count));
      }
    } catch (cause) {
      if (cause instanceof Error) error = cause;
    }
    this.#lose(error);
  }

  async #send(): Promise<void> {
    this.#isSending = true;
    // What is written in the same turn leaves together.
    await Promise.resolve();
    try {
      while (this.#filled > 0) {
        const bytes = this.#filling;
        const count = this.#filled;
        this.#filling = this.#sending;
        this.#sending = bytes;
        this.#filled = 0;
        for (let at = 0; at < count;) at += await this.#connection.write(bytes.subarray(at, count));
        if (!this.#isBlocked || this.#isClosed) continue;
        this.#isBlocked = false;
        this.#owner.streamWritable();
      }
    } catch (cause) {
      if (cause instanceof Error) this.#lose(cause);
    }
    this.#isSending = false;
  }

  #lose(error: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#connection.close();
    this.#owner.streamClosed(error);
  }
}
