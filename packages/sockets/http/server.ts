/** {@linkcode serveHttp}: an HTTP/1.1 server over a listener.
 *
 * @module
 */
import type { Timer, TimerQueue } from "@lightwire/netif/timers";
import type { NetAddr } from "../net_addr.ts";
import type { ByteConn } from "./byte_conn.ts";
import { formatHttpDate } from "./http_date.ts";
import { ServerConnection } from "./server_connection.ts";

/** Where connections come from. `TcpListener` is one; so is `Deno.Listener`. */
export interface HttpListener {
  /** Waits for the next connection. */
  accept(): Promise<ByteConn>;
  /** Stops listening; pending accepts are rejected. */
  close(): void;
  /** Timers for the limits of time; without them there are none. */
  readonly timers?: TimerQueue;
  /** Milliseconds since 1970, for the Date field; without it there is none. */
  readonly unixMillis?: () => number;
}

/** What a handler is told besides the request. */
export interface ServeHandlerInfo {
  /** The client. */
  readonly remoteAddr: NetAddr;
  /** The address it asked at. */
  readonly localAddr: NetAddr;
}

/** Answers one request. */
export type HttpHandler = (request: Request, info: ServeHandlerInfo) => Response | Promise<Response>;

/** Options of {@linkcode serveHttp}. */
export interface ServeHttpOptions {
  /** Ends the server: it accepts no more, idle connections are closed, answers under way may take
   * {@linkcode graceMs} longer. */
  readonly signal?: AbortSignal;
  /** Makes the answer when a handler throws; default: status 500 without a body. */
  readonly onError?: (error: unknown, request: Request) => Response | Promise<Response>;
  /** Longest head of a request in bytes, beyond which the answer is 431; default 16,384, at most 65,536. */
  readonly maxHeadBytes?: number;
  /** Milliseconds that a kept connection may wait for its next request; default 30,000. */
  readonly idleTimeoutMs?: number;
  /** Milliseconds from the first byte of a head to its last, beyond which the answer is 408; default 30,000. */
  readonly headTimeoutMs?: number;
  /** Milliseconds without a byte of a request's body; default 60,000. */
  readonly bodyTimeoutMs?: number;
  /** Milliseconds that answers under way may take after {@linkcode signal}; default 1,000. */
  readonly graceMs?: number;
  /** Connections at a time; more wait in the listener's backlog. Default 1,024. */
  readonly maxConnections?: number;
  /** Bytes of an unread request body that are read and dropped to keep the connection; default 262,144. */
  readonly maxDrainBytes?: number;
}

/** {@linkcode ServeHttpOptions} with all defaults filled in. */
export interface ServerConfig {
  readonly handler: HttpHandler;
  readonly onError: (error: unknown, request: Request) => Response | Promise<Response>;
  readonly maxHeadBytes: number;
  readonly idleTimeoutMs: number;
  readonly headTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly maxDrainBytes: number;
  readonly timers: TimerQueue | undefined;
  readonly date: () => string | undefined;
}

/** Serves HTTP/1.1 (and 1.0) on a listener: keep-alive, pipelining, chunked bodies both ways, 100-continue, HEAD.
 *
 * One connection is served one request after the other. What is malformed is answered with 400, 408, 417, 431,
 * 501 or 505 and ends the connection. When a handler throws, or the body of its answer breaks off, that
 * connection alone ends.
 *
 * @param listener is closed when the server ends.
 * @returns a promise that resolves when the listener was closed or {@linkcode ServeHttpOptions.signal} aborted, and
 * the last connection has ended.
 */
export async function serveHttp(
  listener: HttpListener,
  handler: HttpHandler,
  options: ServeHttpOptions = {},
): Promise<void> {
  const config = withDefaults(listener, handler, options);
  const connections = new Set<ServerConnection>();
  const gate = new Gate(options.maxConnections ?? 1024);
  const { signal } = options;
  let grace: Timer | undefined;
  let endGrace!: () => void;
  const graceIsOver = new Promise<void>((resolve) => endGrace = resolve);
  const stop = (): void => {
    listener.close();
    gate.open();
    for (const connection of connections) connection.shutdown();
    grace = startTimer(listener.timers, options.graceMs ?? 1000, () => {
      for (const connection of connections) connection.abort();
      endGrace();
    });
  };
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop, { once: true });
  const running = new Set<Promise<void>>();
  try {
    for (;;) {
      await gate.enter();
      const conn = await acceptNext(listener);
      if (conn === undefined) break;
      const connection = new ServerConnection(conn, config);
      connections.add(connection);
      if (signal?.aborted) connection.shutdown();
      const run = connection.run().finally(() => {
        connections.delete(connection);
        running.delete(run);
        gate.leave();
      });
      running.add(run);
    }
    // A handler that never answers must not keep the server from ending.
    await Promise.race([Promise.all(running), graceIsOver]);
  } finally {
    grace?.stop();
    signal?.removeEventListener("abort", stop);
  }
}

async function acceptNext(listener: HttpListener): Promise<ByteConn | undefined> {
  try {
    return await listener.accept();
  } catch {
    // The listener was closed; nothing else makes accept() fail.
    return undefined;
  }
}

function startTimer(
  timers: TimerQueue | undefined,
  delayMs: number,
  callback: () => void,
): Timer | undefined {
  if (timers === undefined || delayMs <= 0) {
    callback();
    return undefined;
  }
  const timer = timers.create(callback);
  timer.start(delayMs);
  return timer;
}

function withDefaults(listener: HttpListener, handler: HttpHandler, o: ServeHttpOptions): ServerConfig {
  let second = -1;
  let text = "";
  return {
    handler,
    onError: o.onError ?? (() => new Response(null, { status: 500 })),
    maxHeadBytes: Math.min(o.maxHeadBytes ?? 16_384, 65_536),
    idleTimeoutMs: o.idleTimeoutMs ?? 30_000,
    headTimeoutMs: o.headTimeoutMs ?? 30_000,
    bodyTimeoutMs: o.bodyTimeoutMs ?? 60_000,
    maxDrainBytes: o.maxDrainBytes ?? 262_144,
    timers: listener.timers,
    date: () => {
      if (listener.unixMillis === undefined) return undefined;
      const now = Math.floor(listener.unixMillis() / 1000);
      if (now !== second) {
        second = now;
        text = formatHttpDate(now);
      }
      return text;
    },
  };
}

/** Lets so many in at a time. */
class Gate {
  #free: number;
  #waiting: (() => void) | undefined = undefined;

  constructor(count: number) {
    this.#free = count;
  }

  /** Waits for a place. One caller at a time. */
  enter(): Promise<void> {
    if (this.#free-- > 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting = resolve);
  }

  leave(): void {
    this.#free++;
    this.#waiting?.();
    this.#waiting = undefined;
  }

  /** Lets whoever waits in. */
  open(): void {
    this.leave();
  }
}
