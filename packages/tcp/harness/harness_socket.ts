// tidy: allow file-length each system call of a socket is a method, and most are short
/** {@linkcode HarnessSocket}: the calls of BSD sockets on a {@linkcode PacketHarness}, one by one, none of which blocks.
 *
 * @module
 */
import { type IpAddress, IPV4_ANY } from "@lightwire/ip";
import type { TcpConnection, TcpHandlers } from "../connection.ts";
import type { FastOpen } from "../fast_open.ts";
import { FastOpenCookies } from "../fast_open_cookies.ts";
import type { TcpListener } from "../listener.ts";
import type { TcpState } from "../state.ts";
import { resolveConnectionOptions } from "../tcp_config.ts";
import type { TcpInfo } from "../tcp_info.ts";
import { attempt, type Errno, errnoOf } from "./errno.ts";
import type { PacketHarness } from "./packet_harness.ts";
import { concat, takeText } from "./held_text.ts";
import { connectionEvents, idleEvents, type SocketEvents } from "./socket_events.ts";
import { type SocketOptionName, type SocketOptionValue, SocketSettings } from "./socket_options.ts";

const NOTHING = new Uint8Array(0);
/** States in which nothing more will come, though text may wait. */
const FIN_RECEIVED: ReadonlySet<TcpState> = new Set<TcpState>([
  "CLOSE-WAIT",
  "CLOSING",
  "LAST-ACK",
  "TIME-WAIT",
]);

/** A socket which never blocks: what would wait returns "EAGAIN", or "EINPROGRESS" for a connection being opened, and may be
 * asked again after the next packet or timer. Results are those of POSIX, as Linux gives them: a count, or an errno's name in
 * place of −1. Everything a call causes has happened when it returns.
 *
 * @example
 * ```ts
 * import { PacketHarness, PEER_ADDRESS } from "@lightwire/tcp/harness";
 * import assert from "node:assert/strict";
 *
 * const harness = new PacketHarness({ tcp: { synRetries: 1 } });
 * const socket = harness.socket();
 * assert.equal(socket.setOption("TCP_NODELAY", 1), 0);
 * assert.equal(socket.connect(PEER_ADDRESS, 80), "EINPROGRESS");
 * assert.equal(socket.send(new Uint8Array(10)), "EAGAIN");
 * harness.advanceUs(3_000_000);
 * assert.deepEqual(socket.getOption("SO_ERROR"), "ETIMEDOUT");
 * assert.equal(socket.send(new Uint8Array(10)), "EPIPE");
 * ```
 */
export class HarnessSocket {
  readonly #harness: PacketHarness;
  #settings: SocketSettings;
  #localAddress: IpAddress | undefined = undefined;
  #localPort = 0;
  #listener: TcpListener | undefined = undefined;
  #connection: TcpConnection | undefined = undefined;
  /** Accepted by the stack, not by the user. */
  readonly #queue: HarnessSocket[] = [];
  #error: Errno | undefined = undefined;
  #isConnecting = false;
  #deferred: { readonly address: IpAddress; readonly port: number } | undefined = undefined;
  /** It came by a listener. */
  #isAccepted = false;
  #isClosed = false;
  #isSendShut = false;
  #isReceiveShut = false;
  #isOver = false;
  /** Text taken from the connection and not from here. */
  #held: Uint8Array = NOTHING;

  /** A socket that is not connected; {@linkcode PacketHarness.socket} makes one. */
  constructor(harness: PacketHarness) {
    this.#harness = harness;
    this.#settings = new SocketSettings(harness.tcp.config);
  }

  /** The connection, once there is one; calls on it need {@linkcode PacketHarness.settle}. */
  get connection(): TcpConnection | undefined {
    return this.#connection;
  }

  /** State of the connection (RFC 9293 §3.3.2). */
  get state(): TcpState {
    return this.#connection?.state ?? this.#listener?.state ?? "CLOSED";
  }

  /** Our port, 0 before there is one. */
  get localPort(): number {
    return this.#connection?.localPort ?? this.#listener?.localPort ?? this.#localPort;
  }

  /** `bind`: chooses our side.
   *
   * @param address one of ours; `undefined`: any.
   * @param port 0: any.
   * @returns 0, EINVAL when it is bound, EADDRNOTAVAIL, EADDRINUSE.
   */
  bind(address: IpAddress | undefined, port: number): 0 | Errno {
    if (this.#isClosed) return "EBADF";
    if (this.#listener !== undefined || this.#connection !== undefined || this.#localPort !== 0) {
      return "EINVAL";
    }
    const { ip } = this.#harness;
    const isAny = address === undefined || address.isUnspecified;
    if (!isAny && !ip.isLocalAddress(address)) return "EADDRNOTAVAIL";
    const chosen = this.#freePort(isAny ? IPV4_ANY : address, port);
    this.#harness.settle();
    if (typeof chosen === "string") return chosen;
    this.#localPort = chosen;
    this.#harness.boundSockets.add(this);
    this.#localAddress = isAny ? undefined : address;
    return 0;
  }

  /** The port, or one that is free for 0. Who listens on it, or has a connection there, is known by the layer: a listener is opened and
   * closed; who has only bound it, by the harness. */
  #freePort(address: IpAddress, port: number): number | Errno {
    const { reuseAddress, reusePort } = this.#settings;
    for (;;) {
      const probe = attempt(() =>
        this.#harness.tcp.listen({ address, port, reuseAddress, reusePort }, () => undefined)
      );
      if (typeof probe === "string") return probe;
      const { localPort } = probe;
      probe.close();
      if (![...this.#harness.boundSockets].some((other) => other.#excludes(address, localPort, this))) {
        return localPort;
      }
      if (port !== 0) return "EADDRINUSE";
    }
  }

  /** Whether `other` may not bind an address and a port, because this one has them. */
  #excludes(address: IpAddress, port: number, other: HarnessSocket): boolean {
    if (this.#localPort !== port) return false;
    const mine = this.#localAddress;
    if (mine !== undefined && !address.isUnspecified && !mine.equals(address)) return false;
    if (this.#settings.reusePort && other.#settings.reusePort) return false;
    return !(this.#settings.reuseAddress && other.#settings.reuseAddress);
  }

  /** `listen`: connections are accepted by the stack from now on, and wait for {@linkcode accept}.
   *
   * @param backlog most connections half open or waiting; 0 counts as 1.
   * @returns 0, or EINVAL, EADDRINUSE.
   */
  listen(backlog: number = 511): 0 | Errno {
    if (this.#isClosed) return "EBADF";
    if (this.#connection !== undefined) return "EINVAL";
    if (this.#listener !== undefined) {
      this.#listener.backlog = backlog;
      return 0;
    }
    const listener = attempt(() =>
      this.#harness.tcp.listen({
        ...this.#settings.connectionOptions(),
        address: this.#localAddress ?? IPV4_ANY,
        port: this.#localPort,
        backlog,
        fastOpen: this.#settings.fastOpenQueue,
        fastOpenKeys: this.#settings.fastOpenKeys,
        fastOpenWithoutCookie: this.#settings.isCookieless,
        reuseAddress: this.#settings.reuseAddress,
        reusePort: this.#settings.reusePort,
      }, (connection) => this.#arrived(connection))
    );
    if (typeof listener === "string") return listener;
    this.#listener = listener;
    this.#harness.settle();
    return 0;
  }

  /** `accept`: the oldest connection that waits, or EAGAIN; EINVAL when the socket does not listen. */
  accept(): HarnessSocket | Errno {
    if (this.#isClosed) return "EBADF";
    if (this.#listener === undefined) return "EINVAL";
    const socket = this.#queue.shift();
    if (socket === undefined) return "EAGAIN";
    socket.#connection!.releaseBacklog();
    this.#harness.settle();
    return socket;
  }

  /** `connect`: an active OPEN. Asked again it tells how it went: EALREADY until it is decided, then 0 or what kept it
   * from succeeding, and EISCONN from then on.
   *
   * @returns EINPROGRESS when the SYN is out, or why it is not.
   */
  connect(address: IpAddress, port: number): 0 | Errno {
    if (this.#isClosed) return "EBADF";
    if (this.#listener !== undefined) return "EISCONN";
    if (this.#connection !== undefined) {
      const { state } = this.#connection;
      if (state === "SYN-SENT" || state === "SYN-RECEIVED") return "EALREADY";
      if (!this.#isConnecting) return "EISCONN";
      this.#isConnecting = false;
      if (!this.#isOver || this.#error === undefined) return 0;
      this.#connection = undefined;
      this.#isOver = false;
      return this.#takeError()!;
    }
    const { isFastOpen, isCookieless } = this.#settings;
    if (!isFastOpen || !this.#fastOpen.canSendText(address, isCookieless)) {
      return this.#open(address, port, isFastOpen, undefined);
    }
    this.#deferred = { address, port };
    return 0;
  }

  /** TCP_FASTOPEN_CONNECT, and a cookie of the server's is known: `connect` has done nothing yet, the SYN goes with the first text. */
  get isDeferred(): boolean {
    return this.#deferred !== undefined;
  }

  /** `connect` to AF_UNSPEC: what there is of a connection is reset, and the socket may be used again.
   *
   * @returns 0.
   */
  disconnect(): 0 | Errno {
    if (this.#isClosed) return "EBADF";
    if (this.#listener !== undefined) this.#closeListener();
    this.#connection?.abort();
    this.#connection = undefined;
    this.#error = undefined;
    this.#held = NOTHING;
    this.#isAccepted =
      this.#isConnecting =
      this.#isSendShut =
      this.#isReceiveShut =
      this.#isOver =
        false;
    this.#localPort = 0;
    this.#harness.boundSockets.delete(this);
    this.#harness.settle();
    return 0;
  }

  /** `sendto` with MSG_FASTOPEN: an active OPEN whose SYN bears text, if the server has given us a cookie before; without one the
   * SYN asks for it, and the text is not taken (RFC 7413 §4.2.1).
   *
   * @param isWaiting take what the SYN has no room for as well, for a caller who will wait for the connection.
   * @returns octets taken, EINPROGRESS when the text is to be sent later by {@linkcode send}, or why there is no SYN.
   */
  connectWith(
    address: IpAddress,
    port: number,
    text: Uint8Array,
    isWaiting: boolean = false,
  ): number | Errno {
    if (this.#isClosed) return "EBADF";
    if (this.#connection !== undefined || this.#listener !== undefined) return "EISCONN";
    const { maxSegmentBytes, isCookieless } = this.#settings;
    if (!this.#fastOpen.canSendText(address, isCookieless)) return this.#open(address, port, true, undefined);
    const mss = this.#harness.netif.mtu - 40;
    const room = this.#fastOpen.room(address, Math.min(mss, maxSegmentBytes || mss), 0);
    const taken = isWaiting ? text : text.subarray(0, room);
    const result = this.#open(address, port, true, taken);
    // Without text it is a connect() like any other.
    return result === "EINPROGRESS" && taken.length > 0 ? taken.length : result;
  }

  get #fastOpen(): FastOpen {
    return this.#harness.tcp.handshakes.fastOpen;
  }

  /** The text that a `connect` has waited for, see {@linkcode isDeferred}. */
  #sendDeferred(data: Uint8Array, isWaiting: boolean): number | Errno {
    const { address, port } = this.#deferred!;
    this.#deferred = undefined;
    return this.connectWith(address, port, data, isWaiting);
  }

  #open(address: IpAddress, port: number, fastOpen: boolean, text: Uint8Array | undefined): 0 | Errno {
    const connection = attempt(() =>
      this.#harness.tcp.connect({
        ...this.#settings.connectionOptions(),
        remoteAddress: address,
        remotePort: port,
        localAddress: this.#localAddress,
        localPort: this.#localPort,
        fastOpen,
        fastOpenWithoutCookie: this.#settings.isCookieless,
        fastOpenData: text,
      }, this.#handlers())
    );
    if (typeof connection === "string") return connection;
    this.#connection = connection;
    this.#isConnecting = true;
    this.#harness.settle();
    return "EINPROGRESS";
  }

  /** `send`: hands octets over.
   *
   * @param options `isUrgent`: MSG_OOB; `isMore`: more follows at once, so that a segment that is not full waits (MSG_MORE);
   * `isRecordEnd`: what follows goes in segments of its own (MSG_EOR);
   * `isWaiting`: see {@linkcode connectWith}, for the first text after a `connect` that {@linkcode isDeferred}.
   * @returns how many were taken, fewer than there are when the buffer becomes full; EAGAIN when it is; an error of the
   * connection, once; EPIPE afterwards, after {@linkcode shutdown}, and without a connection.
   */
  send(
    data: Uint8Array,
    options: {
      readonly isUrgent?: boolean;
      readonly isMore?: boolean;
      readonly isRecordEnd?: boolean;
      readonly isWaiting?: boolean;
    } = {},
  ): number | Errno {
    if (this.#isClosed) return "EBADF";
    if (this.#error !== undefined) return this.#takeError()!;
    if (this.#deferred !== undefined) return this.#sendDeferred(data, options.isWaiting === true);
    const connection = this.#connection;
    if (connection === undefined || this.#isSendShut || this.#isOver) return "EPIPE";
    // By Fast Open, the user has a connection, and may send, before the handshake is over.
    const isOpening = connection.state === "SYN-SENT" ||
      connection.state === "SYN-RECEIVED" && !this.#isAccepted;
    if (isOpening) return "EAGAIN";
    if (data.length === 0) return 0;
    const { isUrgent, isMore, isRecordEnd } = options;
    const taken = attempt(() =>
      isUrgent ? connection.sendUrgent(data) : connection.send(data, 0, data.length, isMore === true)
    );
    if (isRecordEnd && taken === data.length) connection.endRecord();
    this.#harness.settle();
    return taken === 0 ? "EAGAIN" : taken;
  }

  /** `recv`: takes octets.
   *
   * @param into where they go.
   * @param options `isPeek`: they stay, too (MSG_PEEK).
   * @returns how many, 0 at the end; EAGAIN; an error of the connection, once, after all text that came before it;
   * ENOTCONN without a connection.
   */
  receive(into: Uint8Array, options: { readonly isPeek?: boolean } = {}): number | Errno {
    if (this.#isClosed) return "EBADF";
    const connection = this.#connection;
    if (connection === undefined) return this.#takeError() ?? "ENOTCONN";
    if (options.isPeek) this.#hold();
    if (this.#held.length > 0) {
      const count = Math.min(this.#held.length, into.length);
      into.set(this.#held.subarray(0, count));
      if (options.isPeek) return count;
      this.#held = this.#held.subarray(count);
      // After a failure the stack has taken them back already.
      if (connection.error === undefined) connection.recved(count);
      this.#harness.settle();
      return count;
    }
    const count = connection.read(into);
    this.#harness.settle();
    if (count > 0) return count;
    if (connection.readableBytes > 0) return 0;
    if (this.#error !== undefined) return this.#takeError()!;
    if (connection.isReadEof || this.#isReceiveShut || this.#isOver) return 0;
    return "EAGAIN";
  }

  /** `shutdown`: SHUT_RD, SHUT_WR or SHUT_RDWR.
   *
   * @returns 0, ENOTCONN without a connection.
   */
  shutdown(how: "read" | "write" | "both"): 0 | Errno {
    if (this.#isClosed) return "EBADF";
    if (this.#listener !== undefined) {
      if (how !== "write") this.#closeListener();
      return 0;
    }
    const connection = this.#connection;
    if (connection === undefined || connection.state === "CLOSED") return "ENOTCONN";
    if (how !== "read") {
      this.#isSendShut = true;
      connection.shutdownSend();
    }
    if (how !== "write") this.#isReceiveShut = true;
    // As on Linux, text that comes after SHUT_RD alone is acknowledged, and may be read all the same; after both it is refused.
    if (this.#isReceiveShut && this.#isSendShut) {
      this.#hold();
      connection.shutdownReceive();
    }
    this.#harness.settle();
    return 0;
  }

  /** `close`: gives the socket up. The connection ends as SO_LINGER says; those that wait for {@linkcode accept} are reset.
   *
   * @returns 0, EBADF the second time.
   */
  close(): 0 | Errno {
    if (this.#isClosed) return "EBADF";
    this.#isClosed = true;
    this.#harness.boundSockets.delete(this);
    if (this.#listener !== undefined) this.#closeListener();
    // Text that was peeked at is unread.
    if (this.#held.length > 0 && this.#connection?.error === undefined) this.#connection?.abort();
    this.#connection?.close();
    this.#harness.settle();
    return 0;
  }

  /** Resets the connection, as `close` does with SO_LINGER of 0 seconds. */
  abort(): void {
    this.#isClosed = true;
    this.#harness.boundSockets.delete(this);
    if (this.#listener !== undefined) this.#closeListener();
    this.#connection?.abort();
    this.#harness.settle();
  }

  /** `setsockopt`. What is chosen before `connect` or `listen` is chosen for the SYN as well.
   *
   * @returns 0, EINVAL, ENOPROTOOPT.
   */
  setOption(name: SocketOptionName, value: SocketOptionValue): 0 | Errno {
    if (this.#isClosed) return "EBADF";
    const result = this.#settings.set(name, value, this.#connection);
    if (this.#listener !== undefined) {
      const { fastOpenKeys } = this.#settings;
      this.#listener.config = resolveConnectionOptions(
        this.#settings.connectionOptions(),
        this.#harness.tcp.config,
      );
      this.#listener.fastOpenLimit = this.#settings.fastOpenQueue;
      this.#listener.fastOpenCookies = fastOpenKeys && new FastOpenCookies(fastOpenKeys);
    }
    this.#harness.settle();
    return result;
  }

  /** `getsockopt`. A size of a buffer that was chosen is doubled, as on Linux. SO_ERROR is 0 or an errno's name, and is taken by that. An option that is none: ENOPROTOOPT. */
  getOption(name: SocketOptionName): SocketOptionValue {
    if (this.#isClosed) return "EBADF";
    if (name === "SO_ERROR") return this.#takeError() ?? 0;
    if (name === "SO_ACCEPTCONN") return this.#listener === undefined ? 0 : 1;
    return this.#settings.get(name, this.#connection);
  }

  /** TCP_INFO; `undefined` without a connection. */
  info(): TcpInfo | undefined {
    return this.#connection?.info();
  }

  /** SIOCINQ: octets that {@linkcode receive} would give. */
  get readableBytes(): number {
    return this.#held.length + (this.#connection?.readableBytes ?? 0);
  }

  /** SIOCOUTQ: octets that the peer has not acknowledged. */
  get unackedBytes(): number {
    return this.#connection?.unackedBytes ?? 0;
  }

  /** SIOCOUTQNSD: octets that were never sent. */
  get unsentBytes(): number {
    return this.#connection?.unsentBytes ?? 0;
  }

  /** `poll`: what would not wait. */
  poll(): SocketEvents {
    const connection = this.#connection;
    const hasError = this.#error !== undefined;
    if (connection === undefined) {
      return idleEvents(this.#listener !== undefined, this.#queue.length > 0, hasError);
    }
    return connectionEvents(connection, {
      isReadable: this.readableBytes > 0,
      isReadShut: FIN_RECEIVED.has(connection.state) || this.#isReceiveShut || this.#isOver,
      isSendShut: this.#isSendShut || this.#isOver,
      isOver: this.#isOver,
      hasError,
    });
  }

  #arrived(connection: TcpConnection): TcpHandlers {
    const socket = new HarnessSocket(this.#harness);
    socket.#settings = this.#settings.clone(this.#harness.tcp.config);
    socket.#connection = connection;
    socket.#isAccepted = true;
    connection.holdBacklog();
    this.#queue.push(socket);
    return socket.#handlers();
  }

  #handlers(): TcpHandlers {
    return {
      closed: (connection, error) => {
        if (connection !== this.#connection) return;
        this.#isOver = true;
        if (error === undefined) return;
        this.#error = errnoOf(error.code);
        // What came before a reset can still be received, as on Linux; the stack drops it after this.
        if (!this.#isClosed && connection.readableBytes > 0) this.#hold();
      },
    };
  }

  #hold(): void {
    this.#held = concat(this.#held, takeText(this.#connection!));
  }

  #takeError(): Errno | undefined {
    const error = this.#error;
    this.#error = undefined;
    return error;
  }

  #closeListener(): void {
    this.#listener!.close();
    this.#listener = undefined;
    for (const socket of this.#queue.splice(0)) socket.abort();
    this.#harness.settle();
  }
}
