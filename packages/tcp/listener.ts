/** {@linkcode TcpListener}: LISTEN, and its backlog.
 *
 * @module
 */
import { type IpAddress, IPV4_ANY } from "@lightwire/ip";
import type { Netif } from "@lightwire/netif";
import type { TcpConnection, TcpHandlers } from "./connection.ts";
import type { ListenerKey } from "./demux.ts";
import type { TcpConnectionConfig, TcpConnectionOptions } from "./tcp_config.ts";

/** Default backlog. */
export const DEFAULT_BACKLOG = 511;

/** Options of {@linkcode TcpLayer.listen}; the others are inherited by the connections. */
export interface TcpListenOptions extends TcpConnectionOptions {
  /** Address to listen on. Default 0.0.0.0: all. */
  readonly address?: IpAddress;
  /** Port, 1 … 65535; 0: an ephemeral one. */
  readonly port: number;
  /** Most connections that are half open, or accepted but held with {@linkcode TcpConnection.holdBacklog}; 0 counts
   * as 1. Default {@linkcode DEFAULT_BACKLOG}. */
  readonly backlog?: number;
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
  /** What its connections inherit. */
  readonly config: TcpConnectionConfig;
  /** Gets the connections. */
  readonly onAccept: TcpAcceptHandler;
  #backlog: number;
  #halfOpenCount = 0;
  #heldCount = 0;
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
    this.config = config;
    this.onAccept = onAccept;
    this.#backlog = Math.max(options.backlog ?? DEFAULT_BACKLOG, 1);
    this.#remove = remove;
  }

  /** "LISTEN" or "CLOSED". */
  get state(): "LISTEN" | "CLOSED" {
    return this.#isClosed ? "CLOSED" : "LISTEN";
  }

  /** Bound on {@linkcode halfOpenCount} and {@linkcode heldCount} together. */
  get backlog(): number {
    return this.#backlog;
  }

  set backlog(value: number) {
    this.#backlog = Math.max(value, 1);
  }

  /** Connections in SYN-RECEIVED. */
  get halfOpenCount(): number {
    return this.#halfOpenCount;
  }

  /** Connections that are established but held. */
  get heldCount(): number {
    return this.#heldCount;
  }

  /** Whether a SYN may begin a connection. */
  get hasRoom(): boolean {
    return !this.#isClosed && this.#halfOpenCount + this.#heldCount < this.#backlog;
  }

  /** CLOSE: no more connections; those that are half open are dropped, established ones stay. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#remove(this);
  }

  /** For the layer: a connection entered SYN-RECEIVED. */
  noteArrival(): void {
    this.#halfOpenCount++;
  }

  /** For the layer: a connection left SYN-RECEIVED, in whatever way. */
  noteEstablished(): void {
    this.#halfOpenCount--;
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
