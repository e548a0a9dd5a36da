/** {@linkcode connectTcp}: an active open, to one address after the other.
 *
 * @module
 */
import type { Timer, TimerQueue } from "@lightwire/netif/timers";
import type { IpAddress } from "@lightwire/ip/address";
import type { TcpConnection, TcpConnectOptions, TcpHandlers, TcpLayer } from "@lightwire/tcp";
import { netError, withDenoName } from "./errors.ts";
import { formatNetAddr, type NetAddr } from "./net_addr.ts";
import type { Pump } from "./pump.ts";
import { TcpConn } from "./tcp_conn.ts";
import { type AbortOptions, Waiter } from "./waiter.ts";

/** Head start of one address before the next one is tried beside it, RFC 8305 §5. */
export const DEFAULT_ATTEMPT_DELAY_MS = 250;

/** What an active open needs of a stack. */
export interface ConnectorHost {
  /** Where connections live. */
  readonly tcp: TcpLayer;
  /** The stack's timers. */
  readonly timers: TimerQueue;
  /** Flushes; keeps the process alive. */
  readonly pump: Pump;
}

/** How to connect. */
export interface ConnectTcpOptions extends AbortOptions {
  /** Passed to the `tcp` layer for each address. */
  readonly tcp: Omit<TcpConnectOptions, "remoteAddress">;
  /** Head start of one address before the next one; default {@linkcode DEFAULT_ATTEMPT_DELAY_MS}. */
  readonly attemptDelayMs?: number;
  /** Milliseconds after which `TIMED_OUT` ends everything; default: when the SYNs of the last address went unanswered. */
  readonly timeoutMs?: number;
}

/** Connects to the first of `addresses` that answers: each next one is tried when the one before failed, or gave no
 * answer within its head start (RFC 8305 §5).
 *
 * @param name what the user called the host, for messages.
 * @returns the connection; the promise is rejected with the error of the address that failed last.
 */
export function connectTcp(
  host: ConnectorHost,
  name: string,
  addresses: readonly IpAddress[],
  options: ConnectTcpOptions,
): Promise<TcpConn> {
  return new Connector(host, name, addresses, options).run();
}

class Connector {
  readonly #host: ConnectorHost;
  readonly #name: string;
  readonly #addresses: readonly IpAddress[];
  readonly #options: ConnectTcpOptions;
  readonly #waiter: Waiter<TcpConn> = new Waiter();
  readonly #attempts: Set<TcpConnection> = new Set();
  readonly #nextTimer: Timer;
  readonly #limitTimer: Timer;
  #next = 0;
  #lastError: unknown = undefined;
  #isOver = false;

  constructor(
    host: ConnectorHost,
    name: string,
    addresses: readonly IpAddress[],
    options: ConnectTcpOptions,
  ) {
    this.#host = host;
    this.#name = name;
    this.#addresses = addresses;
    this.#options = options;
    this.#nextTimer = host.timers.create(() => this.#tryNext());
    this.#limitTimer = host.timers.create(() => this.#limitExpires());
  }

  run(): Promise<TcpConn> {
    const { signal, timeoutMs } = this.#options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    this.#host.pump.hold();
    if (signal !== undefined) this.#waiter.watch(signal, () => this.#finish(undefined));
    if (timeoutMs !== undefined) this.#limitTimer.start(timeoutMs);
    this.#tryNext();
    return this.#waiter.promise;
  }

  #tryNext(): void {
    while (this.#next < this.#addresses.length) {
      const remoteAddress = this.#addresses[this.#next++]!;
      try {
        this.#attempts.add(this.#host.tcp.connect({ ...this.#options.tcp, remoteAddress }, this.#handlers()));
      } catch (error) {
        this.#lastError = error;
        continue;
      }
      if (this.#next < this.#addresses.length) {
        this.#nextTimer.start(this.#options.attemptDelayMs ?? DEFAULT_ATTEMPT_DELAY_MS);
      }
      return;
    }
    if (this.#attempts.size === 0) this.#fail(this.#lastError);
  }

  #handlers(): TcpHandlers {
    return {
      connected: (connection) => this.#connected(connection),
      closed: (connection, error) => {
        this.#attempts.delete(connection);
        if (this.#isOver) return;
        this.#lastError = error;
        this.#nextTimer.stop();
        this.#tryNext();
      },
    };
  }

  #connected(connection: TcpConnection): void {
    if (this.#isOver) return connection.abort();
    this.#attempts.delete(connection);
    const conn = adoptConnection(connection, this.#host.pump);
    this.#finish(connection);
    this.#waiter.resolve(conn);
  }

  #limitExpires(): void {
    const to = formatNetAddr({ transport: "tcp", hostname: this.#name, port: this.#options.tcp.remotePort });
    this.#fail(
      netError("TIMED_OUT", `Cannot connect to ${to}: no answer within ${this.#options.timeoutMs} ms`),
    );
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#finish(undefined);
    this.#waiter.reject(withDenoName(error));
  }

  /** Ends all attempts but the one that won. */
  #finish(winner: TcpConnection | undefined): void {
    this.#isOver = true;
    this.#nextTimer.stop();
    this.#limitTimer.stop();
    for (const attempt of this.#attempts) if (attempt !== winner) attempt.abort();
    this.#attempts.clear();
    this.#host.pump.release();
  }
}

/** Makes a connection of the `tcp` layer one of the socket API. */
export function adoptConnection(connection: TcpConnection, pump: Pump): TcpConn {
  const conn = new TcpConn(
    connection,
    pump,
    netAddr(connection.localAddress, connection.localPort),
    netAddr(connection.remoteAddress, connection.remotePort),
  );
  connection.handlers = conn.upcalls;
  return conn;
}

function netAddr(address: IpAddress, port: number): NetAddr {
  return { transport: "tcp", hostname: address.toString(), port };
}
