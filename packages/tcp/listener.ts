/** {@linkcode TcpListener}: LISTEN, and its backlog.
 *
 * @module
 */
import { type IpAddress, IPV4_ANY } from "@lightwire/ip";
import type { Netif } from "@lightwire/netif";
import type { TcpConnection, TcpHandlers } from "./connection.ts";
import type { ListenerKey } from "./demux.ts";
import type { Tcb } from "./tcb.ts";
import { FastOpenCookies, type FastOpenKeys } from "./fast_open_cookies.ts";
import type { TcpConnectionConfig, TcpConnectionOptions } from "./tcp_config.ts";

/** Default backlog. */
export const DEFAULT_BACKLOG = 511;

/** How long a connection by Fast Open counts after a reset. */
const RESET_MEMORY_MS = 60_000;

/** Least default of {@linkcode TcpListenOptions.halfOpenLimit}: a burst of honest clients is remembered, however small the
 * backlog. Who was sent a cookie, and is not accepted at once, would wait in vain for our first word. */
export const LEAST_HALF_OPEN_LIMIT = 128;

/** Options of {@linkcode TcpLayer.listen}; the others are inherited by the connections. */
export interface TcpListenOptions extends TcpConnectionOptions {
  /** Address to listen on. Default 0.0.0.0: all. */
  readonly address?: IpAddress;
  /** Port, 1 … 65535; 0: an ephemeral one. */
  readonly port: number;
  /** Most connections that wait for the user: established, and not taken or held with
   * {@linkcode TcpConnection.holdBacklog}; 0 counts as 1. Default {@linkcode DEFAULT_BACKLOG}. */
  readonly backlog?: number;
  /** Most connections in SYN-RECEIVED; beyond them SYN cookies are sent, or the oldest goes, see
   * {@linkcode TcpOptions.synCookies}. Default: as `backlog`, but {@linkcode LEAST_HALF_OPEN_LIMIT} at least. */
  readonly halfOpenLimit?: number;
  /** Take text of SYNs with a valid cookie, for at most so many connections whose handshake is not over (RFC 7413 §5.1; the value
   * of TCP_FASTOPEN). Default 0: no Fast Open. */
  readonly fastOpen?: number;
  /** Take the text of any SYN, without a cookie (Linux: TFO_SERVER_COOKIE_NOT_REQD): only where nobody can send in the name of
   * others, who would get our answers. Default false. */
  readonly fastOpenWithoutCookie?: boolean;
  /** Keys of its cookies (TCP_FASTOPEN_KEY). Default: the layer's. */
  readonly fastOpenKeys?: FastOpenKeys;
  /** Listen although connections, in TIME-WAIT for one, or a listener on another address, have the port
   * (SO_REUSEADDR, TC-13). Default true, as in Deno. */
  readonly reuseAddress?: boolean;
  /** Share address and port with listeners that allow it too (SO_REUSEPORT; lwIP's SO_REUSEADDR): the first one
   * gets the connections. Default false. */
  readonly reusePort?: boolean;
  /** Only connections that come by this interface. */
  readonly boundNetif?: Netif;
  /** A listener on :: that takes IPv4 connections too. Default false. */
  readonly isDualStack?: boolean;
}

/** Gets each connection that reaches ESTABLISHED, and says who hears of it from now on; `undefined` aborts it. */
export type TcpAcceptHandler = (connection: TcpConnection) => TcpHandlers | undefined;

/** A port in LISTEN. */
export class TcpListener implements ListenerKey {
  /** Address listened on. */
  readonly localAddress: IpAddress;
  /** Port listened on. */
  readonly localPort: number;
  /** Only this interface; `undefined`: all. */
  readonly boundNetif: Netif | undefined;
  /** Takes IPv4 connections on ::. */
  readonly isDualStack: boolean;
  /** See {@linkcode TcpListenOptions.reuseAddress}. */
  readonly reuseAddress: boolean;
  /** See {@linkcode TcpListenOptions.reusePort}. */
  readonly reusePort: boolean;
  /** What its connections inherit; another one holds for those whose SYN is still to come. */
  config: TcpConnectionConfig;
  /** See {@linkcode TcpListenOptions.fastOpen}. */
  fastOpenLimit: number;
  /** See {@linkcode TcpListenOptions.fastOpenWithoutCookie}. */
  readonly fastOpenWithoutCookie: boolean;
  /** Makes its cookies; `undefined`: the layer does. See {@linkcode TcpListenOptions.fastOpenKeys}. */
  fastOpenCookies: FastOpenCookies | undefined;
  /** Gets the connections. */
  readonly onAccept: TcpAcceptHandler;
  /** When a SYN cookie was last sent. For the layer only. */
  lastCookieAtMs: number = -Infinity;
  /** In SYN-RECEIVED, in the order of their SYNs. */
  readonly #halfOpen = new Set<Tcb>();
  readonly #halfOpenLimit: number | undefined;
  #backlog: number;
  #waitingCount = 0;
  #heldCount = 0;
  #fastOpenCount = 0;
  /** Until when connections of Fast Open that were reset still count. */
  readonly #resetUntilMs: number[] = [];
  #isClosed = false;
  readonly #remove: (listener: TcpListener) => void;

  /** For the layer only. */
  constructor(
    options: TcpListenOptions,
    port: number,
    config: TcpConnectionConfig,
    onAccept: TcpAcceptHandler,
    remove: (listener: TcpListener) => void,
  ) {
    this.localAddress = options.address ?? IPV4_ANY;
    this.localPort = port;
    this.boundNetif = options.boundNetif;
    this.isDualStack = options.isDualStack ?? false;
    this.reuseAddress = options.reuseAddress ?? true;
    this.reusePort = options.reusePort ?? false;
    this.fastOpenLimit = options.fastOpen ?? 0;
    this.fastOpenWithoutCookie = options.fastOpenWithoutCookie ?? false;
    const { fastOpenKeys } = options;
    this.fastOpenCookies = fastOpenKeys === undefined ? undefined : new FastOpenCookies(fastOpenKeys);
    this.config = config;
    this.onAccept = onAccept;
    this.#backlog = Math.max(options.backlog ?? DEFAULT_BACKLOG, 1);
    this.#halfOpenLimit = options.halfOpenLimit;
    this.#remove = remove;
  }

  /** "LISTEN" or "CLOSED". */
  get state(): "LISTEN" | "CLOSED" {
    return this.#isClosed ? "CLOSED" : "LISTEN";
  }

  /** Bound on {@linkcode waitingCount} and {@linkcode heldCount} together. */
  get backlog(): number {
    return this.#backlog;
  }

  set backlog(value: number) {
    this.#backlog = Math.max(value, 1);
  }

  /** Bound on {@linkcode halfOpenCount}. */
  get halfOpenLimit(): number {
    return this.#halfOpenLimit ?? Math.max(this.#backlog, LEAST_HALF_OPEN_LIMIT);
  }

  /** Connections in SYN-RECEIVED. */
  get halfOpenCount(): number {
    return this.#halfOpen.size;
  }

  /** Connections that are established, and that `onAccept` was not told of yet. */
  get waitingCount(): number {
    return this.#waitingCount;
  }

  /** Connections that are established but held. */
  get heldCount(): number {
    return this.#heldCount;
  }

  /** Whether one more may be established. */
  get canAccept(): boolean {
    return !this.#isClosed && this.#waitingCount + this.#heldCount < this.#backlog;
  }

  /** Whether one more may be half open. */
  get canRemember(): boolean {
    return this.#halfOpen.size < this.halfOpenLimit;
  }

  /** The connection that has been in SYN-RECEIVED for longest.
   *
   * @internal */
  get oldestHalfOpen(): Tcb | undefined {
    for (const tcb of this.#halfOpen) return tcb;
    return undefined;
  }

  /** CLOSE: no more connections; those that are half open are dropped, established ones stay. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#remove(this);
  }

  /** For the layer: a connection entered SYN-RECEIVED.
   *
   * @internal */
  noteArrival(tcb: Tcb): void {
    this.#halfOpen.add(tcb);
  }

  /** For the layer: a connection left SYN-RECEIVED for ESTABLISHED, and waits.
   *
   * @internal */
  noteEstablished(tcb: Tcb): void {
    if (this.#halfOpen.delete(tcb)) this.#waitingCount++;
  }

  /** For the layer: one of its connections has ended before the user had it, or took it from his queue.
   *
   * @internal */
  noteEnd(tcb: Tcb): void {
    if (tcb.isBacklogHeld) {
      tcb.connection.releaseBacklog();
      return;
    }
    if (!this.#halfOpen.delete(tcb)) this.#waitingCount--;
    tcb.listener = undefined;
  }

  /** Whether a connection is one of those in SYN-RECEIVED that nobody has accepted.
   *
   * @internal */
  isHalfOpen(tcb: Tcb): boolean {
    return this.#halfOpen.has(tcb);
  }

  /** Connections by Fast Open whose handshake is not over. */
  get fastOpenCount(): number {
    return this.#fastOpenCount;
  }

  /** Whether one more connection may be accepted before its handshake is over. */
  mayFastOpen(nowMs: number): boolean {
    const resets = this.#resetUntilMs;
    while (resets.length > 0 && resets[0]! <= nowMs) resets.shift();
    return this.#fastOpenCount + resets.length < this.fastOpenLimit;
  }

  /** For the layer: a connection is accepted before its handshake is over.
   *
   * @internal */
  noteFastOpen(tcb: Tcb): void {
    this.#fastOpenCount++;
    this.noteEstablished(tcb);
  }

  /** For the layer: its handshake is over, or it has ended. */
  endFastOpen(): void {
    this.#fastOpenCount--;
  }

  /** For the layer: it was reset. It counts for a while: otherwise somebody who sends SYNs in the name of others, and whom these
   * answer with resets, could make us work without limit (RFC 7413 §5.1). */
  resetFastOpen(nowMs: number): void {
    this.#fastOpenCount--;
    this.#resetUntilMs.push(nowMs + RESET_MEMORY_MS);
  }

  /** For the layer: a connection waits no longer: `onAccept` gets it. */
  noteAccepted(): void {
    this.#waitingCount--;
  }

  /** For {@linkcode TcpConnection.holdBacklog}. */
  hold(): void {
    this.#heldCount++;
  }

  /** For {@linkcode TcpConnection.releaseBacklog}. */
  release(): void {
    if (this.#heldCount > 0) this.#heldCount--;
  }
}
