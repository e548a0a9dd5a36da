/** {@linkcode TcpConn}: one TCP connection, assignable to `Deno.TcpConn`.
 *
 * @module
 */
// tidy: allow file-length one method for each member of Deno.TcpConn, and for what TCP has beyond
import {
  type CongestionControlFactory,
  type CongestionControlName,
  DEFAULT_KEEP_ALIVE,
  type KeepAlive,
  type TcpHandlers,
  type TcpInfo,
  type TcpTraceListener,
} from "@lightwire/tcp";
import { type NetError, netError, type NetErrorCode, withDenoName } from "./errors.ts";
import { formatNetAddr, type NetAddr } from "./net_addr.ts";
import { ProcessHold } from "./process_hold.ts";
import type { Pump } from "./pump.ts";
import { createReadable, createWritable } from "./tcp_streams.ts";
import { type AbortOptions, Waiter, WaiterQueue } from "./waiter.ts";

/** What a {@linkcode TcpConn} needs of a connection of the `tcp` layer; `TcpConnection` has all of it. */
export interface TcpEndpoint {
  /** Bytes that a read would get now. */
  readonly readableBytes: number;
  /** The peer's FIN was reached, and everything before it was read. */
  readonly isReadEof: boolean;
  /** Bytes of the send buffer that are free. */
  readonly sendSpace: number;
  /** Copies into the send buffer what fits, and returns how much that was. */
  send(data: Uint8Array, offset?: number, length?: number): number;
  /** Copies received bytes out, and returns how many. */
  read(into: Uint8Array): number;
  /** Sends FIN behind what is queued. */
  shutdownSend(): void;
  /** Discards what comes in from now on. */
  shutdownReceive(): void;
  /** Ends the connection in an orderly way. */
  close(): void;
  /** Ends the connection with RST. */
  abort(): void;
  /** Whether small segments are sent at once (Nagle's algorithm off). */
  noDelay: boolean;
  /** Keep-alive timing, `undefined` for no keep-alive. */
  keepAlive: KeepAlive | undefined;
  /** Whether segments that are not full wait for more text. */
  isCorked: boolean;
  /** Another congestion control. */
  setCongestionControl(choice: CongestionControlName | CongestionControlFactory): void;
  /** Whether segments leave at a rate. */
  pacing: boolean;
  /** Upper bound of segment size, 0 for none. */
  maxSegmentBytes: number;
  /** Size of the receive buffer. */
  receiveBufferBytes: number;
  /** Size of the send buffer. */
  sendBufferBytes: number;
  /** Bound on bytes that wait for their first transmission, 0 for none. */
  notSentLowWaterBytes: number;
  /** How long text may stay unacknowledged, 0 for R2. */
  userTimeoutMs: number;
  /** A snapshot of what is known of the connection. */
  info(): TcpInfo;
  /** Lets somebody hear of each event. */
  trace(listener: TcpTraceListener | undefined): void;
  /** SO_LINGER: −1 off, 0: closing resets, more: it does after so many milliseconds. */
  lingerMs: number;
}

class ReadWaiter extends Waiter<number | null> {
  /** Where the bytes go; `undefined`: only tell that there is something to read. */
  readonly into: Uint8Array | undefined;

  constructor(into: Uint8Array | undefined) {
    super();
    this.into = into;
  }
}

class WriteWaiter extends Waiter<number> {
  /** What is to be sent; `undefined`: FIN. */
  readonly data: Uint8Array | undefined;
  offset: number;

  constructor(data: Uint8Array | undefined, offset: number) {
    super();
    this.data = data;
    this.offset = offset;
  }
}

/** One TCP connection. Made by `Stack.connect` and by a listener. Assignable to `Deno.TcpConn`.
 *
 * Reads and writes that find data or room resolve at once; no promise is made per segment.
 */
export class TcpConn {
  /** Our end. */
  readonly localAddr: NetAddr;
  /** The peer's end. */
  readonly remoteAddr: NetAddr;
  /** For the stack, which passes the upcalls of the `tcp` layer on. */
  readonly upcalls: TcpHandlers;
  readonly #endpoint: TcpEndpoint;
  readonly #readers: WaiterQueue<number | null, ReadWaiter> = new WaiterQueue();
  readonly #writers: WaiterQueue<number, WriteWaiter> = new WaiterQueue();
  #closedCode: NetErrorCode = "CLOSED";
  #error: unknown = undefined;
  #isEnded = false;
  #isClosed = false;
  #isWriteClosed = false;
  readonly #hold: ProcessHold;
  #readable: ReadableStream<Uint8Array<ArrayBuffer>> | undefined = undefined;
  #writable: WritableStream<Uint8Array<ArrayBufferLike>> | undefined = undefined;
  #closedWaiter: Waiter<void> | undefined = undefined;

  /** Use `Stack.connect`. Holds the pump until the connection is over or {@linkcode unref} is called. */
  constructor(endpoint: TcpEndpoint, pump: Pump, localAddr: NetAddr, remoteAddr: NetAddr) {
    this.#endpoint = endpoint;
    this.localAddr = localAddr;
    this.remoteAddr = remoteAddr;
    this.upcalls = {
      readable: () => this.#serveReaders(),
      writable: () => this.#serveWriters(),
      closed: (_endpoint, error) => this.#ended(error),
    };
    this.#hold = new ProcessHold(pump);
  }

  /** The connection of the `tcp` layer below, for what this class does not offer. */
  get endpoint(): TcpEndpoint {
    return this.#endpoint;
  }

  /** Resolves when the connection is over in an orderly way, or was closed here with nothing left to say;
   * rejects with the error that ended it. */
  get closed(): Promise<void> {
    if (this.#closedWaiter === undefined) {
      this.#closedWaiter = new Waiter();
      // Whoever asks decides whether a failure matters; nobody asking must not end the process.
      this.#closedWaiter.promise.catch(() => {});
      if (this.#isEnded) this.#settleClosed();
    }
    return this.#closedWaiter.promise;
  }

  /** Reads what is there, at most `into.length` bytes; waits when there is nothing.
   *
   * Concurrent reads are served in the order of calling. An aborted read takes no bytes.
   *
   * @param into is written before the promise resolves; leave it alone until then.
   * @returns the number of bytes, or `null` after the peer's FIN.
   * @throws {NetError} `CONNECTION_RESET`, `TIMED_OUT`, `HOST_UNREACHABLE`, … when the connection failed,
   * `CLOSED` after {@linkcode close}.
   */
  read(into: Uint8Array, options?: AbortOptions): Promise<number | null> {
    if (this.#readers.size === 0 && options?.signal?.aborted !== true) {
      try {
        const result = this.readNow(into);
        if (result !== undefined) return Promise.resolve(result);
      } catch (error) {
        return Promise.reject(error);
      }
    }
    return this.#readers.add(new ReadWaiter(into), options?.signal);
  }

  /** Reads what is there without waiting, for loops that want no promise per read.
   *
   * @returns the number of bytes, `null` after the peer's FIN, `undefined` when there is nothing yet.
   * @throws {NetError} as {@linkcode read}.
   */
  readNow(into: Uint8Array): number | null | undefined {
    const state = this.#look();
    if (state !== 0) return state === undefined && into.length === 0 ? 0 : state;
    return this.#endpoint.read(into);
  }

  /** Bytes that {@linkcode readNow} would get. */
  get readableBytes(): number {
    return this.#isClosed ? 0 : this.#endpoint.readableBytes;
  }

  /** Resolves as soon as a read would not wait: data, FIN or an error.
   *
   * @throws {NetError} as {@linkcode read}.
   */
  waitReadable(options?: AbortOptions): Promise<void> {
    return this.#readers.add(new ReadWaiter(undefined), options?.signal).then(ignore);
  }

  /** Sends all of `data`: copies it into the send buffer, and waits for room as often as that is full.
   *
   * Concurrent writes are sent in the order of calling. An aborted write may have sent a part.
   *
   * @param data is read until the promise resolves; leave it alone until then.
   * @returns `data.length`.
   * @throws {NetError} `BROKEN_PIPE` after {@linkcode closeWrite}, `CONNECTION_RESET`, `TIMED_OUT`,
   * `HOST_UNREACHABLE`, … when the connection failed, `CLOSED` after {@linkcode close}.
   */
  write(data: Uint8Array, options?: AbortOptions): Promise<number> {
    let offset = 0;
    if (this.#writers.size === 0 && options?.signal?.aborted !== true) {
      try {
        offset = this.writeNow(data);
        if (offset === data.length) return Promise.resolve(offset);
      } catch (error) {
        return Promise.reject(error);
      }
    } else if (this.#isWriteClosed || this.#isClosed) {
      return Promise.reject(this.#localError("write to"));
    }
    return this.#writers.add(new WriteWaiter(data, offset), options?.signal);
  }

  /** Copies into the send buffer what fits, without waiting.
   *
   * @returns the number of bytes taken, 0 when the send buffer is full.
   * @throws {NetError} as {@linkcode write}.
   */
  writeNow(data: Uint8Array): number {
    if (this.#isClosed || this.#isWriteClosed) throw this.#localError("write to");
    if (this.#error !== undefined) throw this.#error;
    if (this.#writers.size > 0) return 0;
    try {
      return this.#endpoint.send(data, 0, data.length);
    } catch (error) {
      throw withDenoName(error);
    }
  }

  /** Ends our direction (FIN) behind everything written so far; reading goes on.
   *
   * @returns a promise that resolves when the FIN is queued.
   * @throws {NetError} `CLOSED` after {@linkcode close}; the connection's error when it failed.
   */
  closeWrite(): Promise<void> {
    if (this.#isClosed) return Promise.reject(this.#localError("close the write side of"));
    if (this.#isWriteClosed) return Promise.resolve();
    if (this.#error !== undefined) return Promise.reject(this.#error);
    this.#isWriteClosed = true;
    if (this.#writers.size > 0) {
      return this.#writers.add(new WriteWaiter(undefined, 0), undefined).then(ignore);
    }
    this.#endpoint.shutdownSend();
    return Promise.resolve();
  }

  /** Closes: what was written is still delivered, pending reads and writes are rejected with `CLOSED`.
   * If received data was left unread, the peer is told with RST that it was lost (RFC 2525 §2.17). */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#rejectPending();
    // Also when the connection is over: what was left unread holds packet buffers.
    this.#endpoint.close();
    this.#hold.unref();
  }

  /** Ends the connection at once with RST; what was not sent is lost. */
  abort(): void {
    if (this.#isClosed && this.#isEnded) return;
    this.#isClosed = true;
    this.#closedCode = "CONNECTION_ABORTED";
    this.#rejectPending();
    if (!this.#isEnded) this.#endpoint.abort();
    this.#hold.unref();
  }

  /** Discards what comes in from now on; reads see the end of the stream. */
  closeRead(): void {
    if (this.#isClosed || this.#isEnded) return;
    this.#endpoint.shutdownReceive();
    this.#serveReaders();
  }

  /** Switches Nagle's algorithm off (true, the default) or on (false). */
  setNoDelay(noDelay: boolean = true): void {
    this.#endpoint.noDelay = noDelay;
  }

  /** Holds segments back that are not full, up to 200 ms, so that small writes travel together (TCP_CORK); false sends what
   * waits. */
  setCork(isCorked: boolean = true): void {
    this.#endpoint.isCorked = isCorked;
  }

  /** Another congestion control from now on; window and threshold stay (TCP_CONGESTION).
   *
   * @param choice "cubic", "reno", "bbr", or one of your own.
   * @throws {RangeError} if there is none of this name.
   */
  setCongestionControl(choice: CongestionControlName | CongestionControlFactory): void {
    this.#endpoint.setCongestionControl(choice);
  }

  /** Lets segments leave at a rate that follows from window and round trip (true), or a window at once (false). */
  setPacing(isPaced: boolean = true): void {
    this.#endpoint.pacing = isPaced;
  }

  /** Limits the size of the segments that we send (TCP_MAXSEG), in bytes of text and options; 0: as large as the path takes. */
  setMaxSegment(bytes: number): void {
    this.#endpoint.maxSegmentBytes = bytes;
  }

  /** Sets the size of the receive buffer (SO_RCVBUF): it tunes itself no more. */
  setReceiveBuffer(bytes: number): void {
    this.#endpoint.receiveBufferBytes = bytes;
  }

  /** Sets the size of the send buffer (SO_SNDBUF): it tunes itself no more. */
  setSendBuffer(bytes: number): void {
    this.#endpoint.sendBufferBytes = bytes;
  }

  /** Bounds the bytes that wait for their first transmission (TCP_NOTSENT_LOWAT), so that what is sent can be decided late; 0: the
   * send buffer decides. */
  setNotSentLowWater(bytes: number): void {
    this.#endpoint.notSentLowWaterBytes = bytes;
  }

  /** Ends the connection when text stays unacknowledged, or a window closed, this long (TCP_USER_TIMEOUT); 0: after about 15 minutes. */
  setUserTimeout(ms: number): void {
    this.#endpoint.userTimeoutMs = ms;
  }

  /** What is known of the connection now: round trips, windows, losses, what holds it up (TCP_INFO). */
  info(): TcpInfo {
    return this.#endpoint.info();
  }

  /** Lets somebody hear of each segment, loss and timer from now on, or nobody (`undefined`), for a `QlogWriter` of `tcp`, for example. */
  trace(listener: TcpTraceListener | undefined): void {
    this.#endpoint.trace(listener);
  }

  /** Switches keep-alive probes on or off, RFC 9293 §3.8.4.
   *
   * @param keepAlive true: after two hours, every 75 seconds, nine times; or what of that should be different.
   */
  setKeepAlive(keepAlive: boolean | Partial<KeepAlive> = true): void {
    if (typeof keepAlive === "boolean") this.#endpoint.keepAlive = keepAlive ? DEFAULT_KEEP_ALIVE : undefined;
    else this.#endpoint.keepAlive = { ...DEFAULT_KEEP_ALIVE, ...keepAlive };
  }

  /** Says what {@linkcode close} does with what is not delivered yet (SO_LINGER).
   *
   * @param lingerMs −1 (the default): it is delivered, however long that takes; 0: the peer gets RST at once; more: RST after
   * so many milliseconds, if it is not delivered by then.
   */
  setLinger(lingerMs: number): void {
    this.#endpoint.lingerMs = lingerMs;
  }

  /** Lets timers of this connection keep the process alive; the default. */
  ref(): void {
    if (!this.#isEnded && !this.#isClosed) this.#hold.ref();
  }

  /** Takes {@linkcode ref} back. */
  unref(): void {
    this.#hold.unref();
  }

  /** What is received, as a byte stream that also takes the reader's buffers (BYOB). Made when first asked for. */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#readable ??= createReadable(this);
  }

  /** A stream whose chunks are sent with back-pressure; closing it is {@linkcode closeWrite}. Made when first asked for. */
  get writable(): WritableStream<Uint8Array<ArrayBufferLike>> {
    return this.#writable ??= createWritable(this);
  }

  /** {@linkcode close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** {@linkcode close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  /** 0: there is data; `null`: the end; `undefined`: nothing yet. */
  #look(): 0 | null | undefined {
    if (this.#isClosed) throw this.#localError("read from");
    if (this.#endpoint.readableBytes > 0) return 0;
    if (this.#error !== undefined) throw this.#error;
    return this.#endpoint.isReadEof || this.#isEnded ? null : undefined;
  }

  #serveReaders(): void {
    for (let waiter = this.#readers.head; waiter !== undefined; waiter = this.#readers.head) {
      let result: number | null | undefined;
      try {
        result = waiter.into === undefined ? this.#look() : this.readNow(waiter.into);
      } catch (error) {
        this.#readers.rejectAll(error);
        return;
      }
      if (result === undefined) return;
      this.#readers.shift();
      waiter.resolve(result);
    }
  }

  #serveWriters(): void {
    for (let waiter = this.#writers.head; waiter !== undefined; waiter = this.#writers.head) {
      const { data } = waiter;
      try {
        if (data === undefined) {
          this.#endpoint.shutdownSend();
        } else {
          waiter.offset += this.#endpoint.send(data, waiter.offset, data.length - waiter.offset);
          if (waiter.offset < data.length) return;
        }
      } catch (error) {
        this.#writers.rejectAll(withDenoName(error));
        return;
      }
      this.#writers.shift();
      waiter.resolve(waiter.offset);
    }
  }

  #ended(error: NetError | undefined): void {
    this.#isEnded = true;
    if (error !== undefined && this.#error === undefined) this.#error = withDenoName(error);
    this.#serveReaders();
    this.#writers.rejectAll(this.#error ?? this.#localError("write to"));
    this.#settleClosed();
    this.#hold.unref();
  }

  #settleClosed(): void {
    if (this.#error === undefined) this.#closedWaiter?.resolve();
    else this.#closedWaiter?.reject(this.#error);
  }

  #rejectPending(): void {
    if (this.#readers.size + this.#writers.size === 0) return;
    const error = this.#localError("go on with");
    this.#readers.rejectAll(error);
    this.#writers.rejectAll(error);
  }

  /** The error of using what we closed ourselves. */
  #localError(action: string): NetError {
    const isWriteOnly = !this.#isClosed;
    return netError(
      isWriteOnly ? "BROKEN_PIPE" : this.#closedCode,
      `Cannot ${action} the connection to ${formatNetAddr(this.remoteAddr)}: ` +
        (isWriteOnly ? "its write side was closed" : "it was closed"),
      {
        localAddress: this.localAddr.hostname,
        localPort: this.localAddr.port,
        remoteAddress: this.remoteAddr.hostname,
        remotePort: this.remoteAddr.port,
      },
    );
  }
}

function ignore(): void {}
