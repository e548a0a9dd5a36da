/** {@linkcode TcpConnection}: a connection as its user sees it. Callbacks, no Promises.
 *
 * @module
 */
// tidy: allow file-length all that a user may ask of a connection, each with its doc
import type { IpAddress } from "@lightwire/ip";
import type { NetError, NetErrorCode } from "@lightwire/netif";
import type { Pbuf } from "@lightwire/pbuf";
import type { CongestionControlFactory } from "./congestion.ts";
import type { CongestionControlName } from "./congestion_controls.ts";
import { setKeepAlive } from "./keepalive.ts";
import { changeCongestionControl, changeMaxSegment, changeReceiveBuffer } from "./live_options.ts";
import { sendSpace, unsentBytes } from "./send_space.ts";
import { seqDiff } from "./seq.ts";
import type { TcpState } from "./state.ts";
import { EVENT_WRITABLE, type Tcb } from "./tcb.ts";
import { type KeepAlive, resolveConnectionOptions, type TcpConnectionOptions } from "./tcp_config.ts";
import { type TcpInfo, tcpInfo } from "./tcp_info.ts";
import { type TcpTraceListener, traceConnection } from "./trace.ts";
import * as calls from "./user_calls.ts";

/** What a connection tells its user. All callbacks run while the layer is flushed, never inside of a call of the
 * user's, and may call everything. */
export interface TcpHandlers {
  /** The handshake is complete; after an active OPEN only, since a listener has `onAccept`. */
  connected?(connection: TcpConnection): void;
  /** New text in order is there, or the peer's FIN: see {@linkcode TcpConnection.isReadEof}. */
  readable?(connection: TcpConnection): void;
  /** Text was acknowledged: the send buffer has more room. */
  writable?(connection: TcpConnection): void;
  /** The peer is in urgent mode (RFC 6093): {@linkcode TcpConnection.urgentBytes} says up to where. */
  urgent?(connection: TcpConnection): void;
  /** Something is wrong, which may pass (RFC 9293 §3.9.1.8, MUST-47): an ICMP error was noted, or text was
   * retransmitted R1 times ("TIMED_OUT"). */
  softError?(connection: TcpConnection, code: NetErrorCode): void;
  /** The end, once: nothing follows. `error` is `undefined` when both sides have closed; TIME-WAIT may still run.
   * Text that has come before an orderly end can still be read; after an error it is dropped when this returns. */
  closed?(connection: TcpConnection, error: NetError | undefined): void;
}

/** No callbacks at all. */
export const NO_HANDLERS: TcpHandlers = {};

/** One connection. Made by {@linkcode TcpLayer.connect}, or handed to the callback of {@linkcode TcpLayer.listen}.
 *
 * Calls take effect when the layer is flushed. Whoever holds a connection ends with {@linkcode close} or
 * {@linkcode abort}, also after the `closed` callback if there may be unread text: it pins packet buffers. */
export class TcpConnection {
  readonly #tcb: Tcb;

  /** For the layer only. */
  constructor(tcb: Tcb) {
    this.#tcb = tcb;
  }

  /** State (RFC 9293 §3.3.2). */
  get state(): TcpState {
    return this.#tcb.state;
  }

  /** Our address. */
  get localAddress(): IpAddress {
    return this.#tcb.localAddress;
  }

  /** Our port. */
  get localPort(): number {
    return this.#tcb.localPort;
  }

  /** The peer's address. */
  get remoteAddress(): IpAddress {
    return this.#tcb.remoteAddress;
  }

  /** The peer's port. */
  get remotePort(): number {
    return this.#tcb.remotePort;
  }

  /** What ended the connection, `undefined` while it lasts and after an orderly end. */
  get error(): NetError | undefined {
    return this.#tcb.error;
  }

  /** The callbacks in force; may be replaced at any time. */
  get handlers(): TcpHandlers {
    return this.#tcb.handlers;
  }

  set handlers(value: TcpHandlers) {
    this.#tcb.handlers = value;
  }

  /** SEND: copies as much of `data` as the send buffer has room for; allowed from SYN-SENT on.
   *
   * @param offset first octet of `data` to send.
   * @param length how many.
   * @param hasMore more follows soon: a segment that is not full waits for it, until the next acknowledgment or timeout (MSG_MORE; lwIP:
   * TCP_WRITE_FLAG_MORE).
   * @returns how many octets were taken; fewer than asked: wait for `writable`.
   * @throws {NetError} BROKEN_PIPE after {@linkcode shutdownSend} or {@linkcode close}; NOT_CONNECTED; or the error that
   * ended the connection.
   */
  send(
    data: Uint8Array,
    offset: number = 0,
    length: number = data.length - offset,
    hasMore: boolean = false,
  ): number {
    return calls.send(this.#tcb, data, offset, length, false, hasMore);
  }

  /** SEND by reference: nothing is copied before a segment is built, so that `data` must not change until the peer has acknowledged
   * it, which {@linkcode unackedBytes} tells (lwIP: tcp_write without TCP_WRITE_FLAG_COPY). Worth it for large pieces.
   *
   * @returns how many octets were taken.
   * @throws {NetError} as {@linkcode send}.
   */
  sendReference(
    data: Uint8Array,
    offset: number = 0,
    length: number = data.length - offset,
    hasMore: boolean = false,
  ): number {
    return calls.sendReference(this.#tcb, data, offset, length, hasMore);
  }

  /** Sends what may go now, of all connections, instead of a little later (lwIP: tcp_output). */
  output(): void {
    this.#tcb.layer.flush();
  }

  /** Has `callback` called each `intervalMs` while the connection lasts; 0: no more (lwIP: tcp_poll, whose unit is 500 ms).
   *
   * @throws {RangeError} if the interval is negative.
   */
  poll(intervalMs: number, callback: (connection: TcpConnection) => void): void {
    if (!this.#tcb.isEnded) this.#tcb.layer.polls.set(this.#tcb, intervalMs, callback);
  }

  /** SEND of urgent octets (RFC 9293 §3.8.5): they travel in line, and the peer is told that they are there.
   *
   * @returns how many octets were taken.
   * @throws {NetError} as {@linkcode send}.
   */
  sendUrgent(data: Uint8Array): number {
    return calls.send(this.#tcb, data, 0, data.length, true, false);
  }

  /** Octets that {@linkcode send} would take now. */
  get sendSpace(): number {
    return sendSpace(this.#tcb);
  }

  /** Octets that were never sent so far. */
  get unsentBytes(): number {
    return unsentBytes(this.#tcb);
  }

  /** Octets sent or unsent that the peer has not acknowledged. */
  get unackedBytes(): number {
    return this.#tcb.sendBuffer.length;
  }

  /** RECEIVE: copies octets to the start of `into`, and opens the window.
   *
   * @returns how many; 0: nothing now, or the end, see {@linkcode isReadEof}.
   */
  read(into: Uint8Array): number {
    return calls.receive(this.#tcb, into);
  }

  /** RECEIVE without copying: the oldest packet, `start` to `end` of each node being text; the caller owns it. The
   * window opens when {@linkcode recved} is told. */
  readPbuf(): Pbuf | undefined {
    return calls.receivePbuf(this.#tcb);
  }

  /** Gives back `count` octets that came by {@linkcode readPbuf}: the window opens by that much.
   *
   * @throws {RangeError} if `count` exceeds what was handed over.
   */
  recved(count: number): void {
    calls.received(this.#tcb, count);
  }

  /** Octets that {@linkcode read} would give now. */
  get readableBytes(): number {
    return this.#tcb.receiveQueue.byteCount;
  }

  /** Octets from the next one to be read up to the end of the urgent data that was announced last; 0 without. */
  get urgentBytes(): number {
    const tcb = this.#tcb;
    return tcb.isUrgent ? Math.max(seqDiff(tcb.rcvUp, tcb.rcvNxt) + tcb.receiveQueue.byteCount, 0) : 0;
  }

  /** Nothing more will come: the peer has closed its direction, and everything was read. */
  get isReadEof(): boolean {
    return this.#tcb.isFinReceived && this.#tcb.receiveQueue.byteCount === 0;
  }

  /** Ends a record: no segment has text from both before and after here (Linux: MSG_EOR). A stream has no records: the peer's TCP may join
   * what ours kept apart; what is sent again may be joined by ours.
   *
   * @throws {NetError} as {@linkcode send}.
   */
  endRecord(): void {
    calls.endRecord(this.#tcb);
  }

  /** CLOSE of our direction: a FIN follows what was sent; receiving goes on. */
  shutdownSend(): void {
    calls.shutdownSend(this.#tcb);
  }

  /** From now on what comes is acknowledged and dropped; nothing is said to the peer. */
  shutdownReceive(): void {
    calls.shutdownReceive(this.#tcb);
  }

  /** CLOSE: a FIN follows what was sent, unless unread text was lost by this: then the peer gets a reset
   * (RFC 2525 §2.17). The connection is not the user's any more, though `closed` still tells its end. */
  close(): void {
    calls.close(this.#tcb);
  }

  /** ABORT: the peer gets a reset; everything queued is dropped; `closed` follows with CONNECTION_ABORTED. */
  abort(): void {
    calls.abort(this.#tcb);
  }

  /** Whether small segments go out at once (TCP_NODELAY). Setting it sends what a cork holds back, as on Linux. */
  get noDelay(): boolean {
    return this.#tcb.config.noDelay;
  }

  set noDelay(value: boolean) {
    if (value !== this.#tcb.config.noDelay) this.#configure({ noDelay: value });
    if (value) calls.pushNow(this.#tcb);
  }

  /** Whether segments that are not full wait for more text, up to a retransmission timeout (TCP_CORK). Pulling it sends what waits; so does the end
   * of our direction. */
  get isCorked(): boolean {
    return this.#tcb.cork !== undefined && this.#tcb.cork.isSet;
  }

  set isCorked(value: boolean) {
    calls.setCork(this.#tcb, value);
  }

  /** See {@linkcode TcpConnectionOptions.notSentLowWaterBytes}. */
  get notSentLowWaterBytes(): number {
    return this.#tcb.config.notSentLowWaterBytes;
  }

  set notSentLowWaterBytes(value: number) {
    this.#configure({ notSentLowWaterBytes: value });
    this.#tcb.events |= EVENT_WRITABLE;
    this.#tcb.layer.touch(this.#tcb);
  }

  /** How an idle peer is probed, `undefined` for not at all; takes what {@linkcode TcpConnectionOptions.keepAlive} takes. */
  get keepAlive(): KeepAlive | undefined {
    return this.#tcb.config.keepAlive;
  }

  set keepAlive(value: KeepAlive | boolean | undefined) {
    this.#configure({ keepAlive: value ?? false });
    if (this.#tcb.state !== "CLOSED" && this.#tcb.state !== "TIME-WAIT") setKeepAlive(this.#tcb);
  }

  /** See {@linkcode TcpConnectionOptions.userTimeoutMs}. */
  get userTimeoutMs(): number {
    return this.#tcb.config.userTimeoutMs;
  }

  set userTimeoutMs(value: number) {
    this.#configure({ userTimeoutMs: value });
  }

  /** See {@linkcode TcpConnectionOptions.lingerMs}. */
  get lingerMs(): number {
    return this.#tcb.config.lingerMs;
  }

  set lingerMs(value: number) {
    this.#configure({ lingerMs: value });
  }

  /** Type of service octet of outgoing packets. */
  get tos(): number {
    return this.#tcb.config.tos;
  }

  set tos(value: number) {
    this.#configure({ tos: value });
    this.#tcb.tx.tos = value;
  }

  /** TTL or hop limit of outgoing packets. */
  get ttl(): number {
    return this.#tcb.config.ttl;
  }

  set ttl(value: number) {
    this.#configure({ ttl: value });
    this.#tcb.tx.hopLimit = value;
  }

  /** 1 … 127, see {@linkcode TcpConnectionOptions.priority} (lwIP: tcp_setprio). */
  get priority(): number {
    return this.#tcb.config.priority;
  }

  set priority(value: number) {
    this.#configure({ priority: value });
  }

  /** Most octets the send buffer holds. Setting it sets the size at once: it does not grow any more. */
  get sendBufferBytes(): number {
    return this.#tcb.config.sendBufferBytes;
  }

  set sendBufferBytes(value: number) {
    this.#configure({ sendBufferBytes: value });
    this.#tcb.sendBuffer.maxBytes = value;
  }

  /** Name of the congestion control. */
  get congestionControl(): string {
    return this.#tcb.congestion.name;
  }

  /** Another congestion control from now on, with window and threshold of the former one (TCP_CONGESTION).
   *
   * @throws {RangeError} if there is none of this name.
   */
  setCongestionControl(choice: CongestionControlName | CongestionControlFactory): void {
    this.#configure({ congestionControl: choice });
    changeCongestionControl(this.#tcb, this.#tcb.config.congestionControl);
  }

  /** See {@linkcode TcpConnectionOptions.pacing}. */
  get pacing(): boolean {
    return this.#tcb.config.pacing;
  }

  set pacing(value: boolean) {
    this.#configure({ pacing: value });
    this.#tcb.layer.touch(this.#tcb);
  }

  /** Upper bound of segment size, 0 for none. Set while the connection lasts, it counts for what we send (TCP_MAXSEG). */
  get maxSegmentBytes(): number {
    return this.#tcb.config.maxSegmentBytes;
  }

  set maxSegmentBytes(value: number) {
    this.#configure({ maxSegmentBytes: value });
    changeMaxSegment(this.#tcb);
  }

  /** Most octets that wait for the user to read. Setting it sets the size at once: it does not grow any more. A window once announced
   * is not taken back, and none is larger than the scale of our SYN can tell. */
  get receiveBufferBytes(): number {
    return this.#tcb.config.receiveBufferBytes;
  }

  set receiveBufferBytes(value: number) {
    this.#configure({ receiveBufferBytes: value });
    changeReceiveBuffer(this.#tcb, value);
  }

  /** Counts the connection against its listener's backlog until {@linkcode releaseBacklog}: for users who
   * keep a queue of accepted connections. To be called in `onAccept` (lwIP: tcp_backlog_delayed). */
  holdBacklog(): void {
    if (this.#tcb.listener === undefined || this.#tcb.isBacklogHeld) return;
    this.#tcb.isBacklogHeld = true;
    this.#tcb.listener.hold();
  }

  /** The user has taken the connection from his queue (lwIP: tcp_backlog_accepted). */
  releaseBacklog(): void {
    if (!this.#tcb.isBacklogHeld) return;
    this.#tcb.isBacklogHeld = false;
    this.#tcb.listener?.release();
    this.#tcb.listener = undefined;
  }

  /** Lets somebody hear of all that happens from now on, or nobody any more (`undefined`). Costs nothing while nobody does.
   *
   * @param listener runs within the stack: it must not throw, and must not call the connection. See {@linkcode QlogWriter}.
   */
  trace(listener: TcpTraceListener | undefined): void {
    traceConnection(this.#tcb, listener);
  }

  /** STATUS: what Linux's `tcp_info` tells. */
  info(): TcpInfo {
    return tcpInfo(this.#tcb);
  }

  #configure(options: TcpConnectionOptions): void {
    this.#tcb.config = resolveConnectionOptions(options, this.#tcb.config);
  }
}
