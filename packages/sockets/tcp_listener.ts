/** {@linkcode TcpListener}: waits for TCP connections, assignable to `Deno.TcpListener`.
 *
 * @module
 */
import type { WallClock } from "@lightwire/netif/clock";
import type { TimerQueue } from "@lightwire/netif/timers";
import { netError } from "./errors.ts";
import { formatNetAddr, type NetAddr } from "./net_addr.ts";
import { ProcessHold } from "./process_hold.ts";
import type { Pump } from "./pump.ts";
import type { TcpConn } from "./tcp_conn.ts";
import { untilClosed } from "./until_closed.ts";
import { type AbortOptions, Waiter, WaiterQueue } from "./waiter.ts";

/** A connection that was established, and what is to be told when somebody took it. */
interface Arrival {
  readonly conn: TcpConn;
  readonly taken: () => void;
}

/** What a {@linkcode TcpListener} needs of a listener of the `tcp` layer. */
export interface ListenEndpoint {
  /** Stops listening; connections that were established live on. */
  close(): void;
}

/** What a {@linkcode TcpListener} takes from its stack. */
export interface ListenerHost {
  /** Keeps the process alive. */
  readonly pump: Pump;
  /** The stack's timers. */
  readonly timers: TimerQueue;
  /** The stack's date. */
  readonly wallClock: WallClock;
  /** Called once when the listener is closed. */
  closed(listener: TcpListener): void;
}

/** A TCP port that is listened on. Made by `Stack.listen`. Assignable to `Deno.TcpListener`. */
export class TcpListener implements AsyncIterable<TcpConn> {
  /** The address and port listened on. */
  readonly addr: NetAddr;
  /** Timers of the stack, for servers with limits of time. */
  readonly timers: TimerQueue;
  /** Milliseconds since 1970, by the stack's clock. */
  readonly unixMillis: () => number;
  readonly #ready: Arrival[] = [];
  readonly #acceptors: WaiterQueue<TcpConn> = new WaiterQueue();
  readonly #host: ListenerHost;
  readonly #endpoint: ListenEndpoint;
  #isClosed = false;
  readonly #hold: ProcessHold;

  /** Use `Stack.listen`. Holds the pump until closed or {@linkcode unref} is called. */
  constructor(host: ListenerHost, endpoint: ListenEndpoint, addr: NetAddr) {
    this.#host = host;
    this.#endpoint = endpoint;
    this.timers = host.timers;
    this.unixMillis = () => host.wallClock.unixMillis();
    this.addr = addr;
    this.#hold = new ProcessHold(host.pump);
  }

  /** Connections that wait for {@linkcode accept}. */
  get pending(): number {
    return this.#ready.length;
  }

  /** For the stack: a connection was established.
   *
   * @param taken is called when somebody accepts it; until then it counts against the backlog.
   */
  offer(conn: TcpConn, taken: () => void): void {
    const acceptor = this.#acceptors.shift();
    if (acceptor === undefined) {
      this.#ready.push({ conn, taken });
      return;
    }
    taken();
    acceptor.resolve(conn);
  }

  /** Waits for the next connection.
   *
   * @throws {NetError} `CLOSED` when the listener is closed.
   */
  accept(options?: AbortOptions): Promise<TcpConn> {
    if (this.#isClosed) return Promise.reject(this.#closedError());
    if (this.#ready.length > 0 && options?.signal?.aborted !== true) {
      const { conn, taken } = this.#ready.shift()!;
      taken();
      return Promise.resolve(conn);
    }
    return this.#acceptors.add(new Waiter(), options?.signal);
  }

  /** Stops listening. Pending {@linkcode accept}s are rejected with `CLOSED`, iteration ends, connections that
   * nobody accepted are reset; accepted ones live on. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#endpoint.close();
    for (const { conn } of this.#ready.splice(0)) conn.abort();
    if (this.#acceptors.size > 0) this.#acceptors.rejectAll(this.#closedError());
    this.unref();
    this.#host.closed(this);
  }

  /** The connections, one after the other, until {@linkcode close}. */
  [Symbol.asyncIterator](): AsyncGenerator<TcpConn, void, unknown> {
    return untilClosed(() => this.accept(), () => this.#isClosed);
  }

  /** Lets timers of the stack keep the process alive for this listener; the default. */
  ref(): void {
    if (!this.#isClosed) this.#hold.ref();
  }

  /** Takes {@linkcode ref} back. */
  unref(): void {
    this.#hold.unref();
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

  #closedError(): Error {
    return netError("CLOSED", `Cannot accept on ${formatNetAddr(this.addr)}: the listener was closed`, {
      localAddress: this.addr.hostname,
      localPort: this.addr.port,
    });
  }
}
