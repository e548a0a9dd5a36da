/** {@linkcode DatagramConn}: a UDP socket, assignable to `Deno.DatagramConn`.
 *
 * @module
 */
import { copyTo, type Pbuf } from "@lightwire/pbuf";
import type { Timer, TimerQueue } from "@lightwire/netif/timers";
import { type IpAddress, parseIpAddress } from "@lightwire/ip/address";
import type { UdpEndpoint, UdpErrorInfo, UdpRxInfo } from "@lightwire/udp";
import {
  DatagramGroups,
  type GroupHost,
  type MulticastV4Membership,
  type MulticastV6Membership,
} from "./datagram_groups.ts";
import { DatagramQueue, type QueuedDatagram } from "./datagram_queue.ts";
import { type NetError, netError, type NetErrorCode } from "./errors.ts";
import { formatNetAddr, type NetAddr } from "./net_addr.ts";
import { ProcessHold } from "./process_hold.ts";
import { untilClosed } from "./until_closed.ts";
import { type AbortOptions, Waiter, WaiterQueue } from "./waiter.ts";

/** Datagrams that may wait to be received, by default. */
export const DEFAULT_RECEIVE_QUEUE_DATAGRAMS = 1024;
/** Bytes that may wait to be received, by default. */
export const DEFAULT_RECEIVE_QUEUE_BYTES = 1_048_576;

/** How long to wait before a datagram that found the interface's queue full is tried again. */
const RETRY_MS = 1;
/** How often it is tried before `NO_BUFFERS`. */
const MAX_TRIES = 1000;

/** What a {@linkcode DatagramConn} asks of its stack. */
export interface DatagramHost extends GroupHost {
  /** For tries after a full queue. */
  readonly timers: TimerQueue;
  /** The address of a name. */
  lookup(hostname: string, options?: AbortOptions): Promise<string>;
  /** Called once when the socket is closed. */
  closed(conn: DatagramConn): void;
}

/** Options of a {@linkcode DatagramConn}. */
export interface DatagramConnOptions {
  /** Datagrams that may wait to be received; more are dropped and counted. Default {@linkcode DEFAULT_RECEIVE_QUEUE_DATAGRAMS}. */
  readonly receiveQueueDatagrams?: number;
  /** Bytes that may wait to be received; default {@linkcode DEFAULT_RECEIVE_QUEUE_BYTES}. */
  readonly receiveQueueBytes?: number;
}

/** Counters of a {@linkcode DatagramConn}. */
export interface DatagramConnCounters {
  /** Datagrams that came in. */
  received: number;
  /** Of those, dropped because too many were waiting. */
  dropped: number;
  /** Datagrams handed to the stack. */
  sent: number;
  /** Tries that found the interface's queue full. */
  retried: number;
}

/** A datagram and who sent it. */
export type ReceivedDatagram = [Uint8Array<ArrayBuffer>, NetAddr];

class ReceiveWaiter extends Waiter<ReceivedDatagram> {
  readonly into: Uint8Array<ArrayBuffer> | undefined;

  constructor(into: Uint8Array<ArrayBuffer> | undefined) {
    super();
    this.into = into;
  }
}

class SendWaiter extends Waiter<number> {
  readonly data: Uint8Array;
  readonly address: IpAddress;
  readonly port: number;
  tries: number;

  constructor(data: Uint8Array, address: IpAddress, port: number) {
    super();
    this.data = data;
    this.address = address;
    this.port = port;
    this.tries = 1;
  }
}

/** A UDP socket. Made by `Stack.listenDatagram`. Assignable to `Deno.DatagramConn`. */
export class DatagramConn implements AsyncIterable<ReceivedDatagram> {
  /** The address and port it is bound to. */
  readonly addr: NetAddr;
  /** What happened so far. */
  readonly counters: DatagramConnCounters = { received: 0, dropped: 0, sent: 0, retried: 0 };
  /** Called with what ICMP says about datagrams sent from here, for instance `CONNECTION_REFUSED`
   * (port unreachable); sends and receives never fail because of it, as with an unconnected POSIX socket. */
  onError: ((error: NetError) => void) | undefined = undefined;
  readonly #endpoint: UdpEndpoint;
  readonly #host: DatagramHost;
  readonly #queue: DatagramQueue;
  readonly #groups: DatagramGroups;
  readonly #receivers: WaiterQueue<ReceivedDatagram, ReceiveWaiter> = new WaiterQueue();
  readonly #senders: WaiterQueue<number, SendWaiter> = new WaiterQueue();
  #retryTimer: Timer | undefined = undefined;
  #isClosed = false;
  readonly #hold: ProcessHold;
  // One peer is the rule: its text is parsed and made once.
  #lastHostname = "";
  #lastAddress: IpAddress | undefined = undefined;
  #lastSource: IpAddress | undefined = undefined;
  #lastSourceText = "";

  /** Use `Stack.listenDatagram`. Holds the pump until closed or {@linkcode unref} is called. */
  constructor(endpoint: UdpEndpoint, host: DatagramHost, options: DatagramConnOptions = {}) {
    this.#endpoint = endpoint;
    this.#host = host;
    this.#groups = new DatagramGroups(endpoint, host);
    this.#queue = new DatagramQueue(
      options.receiveQueueDatagrams ?? DEFAULT_RECEIVE_QUEUE_DATAGRAMS,
      options.receiveQueueBytes ?? DEFAULT_RECEIVE_QUEUE_BYTES,
    );
    this.addr = {
      transport: "udp",
      hostname: endpoint.localAddress.toString(),
      port: endpoint.localPort,
    };
    endpoint.onReceive = (p, info) => this.#arrives(p, info);
    endpoint.onError = (error) => this.#errorArrives(error);
    this.#hold = new ProcessHold(host.pump);
  }

  /** The endpoint of the `udp` layer below, for what this class does not offer. */
  get endpoint(): UdpEndpoint {
    return this.#endpoint;
  }

  /** Waits for the next datagram.
   *
   * @param into takes the bytes; what does not fit is lost. Default: a new array.
   * @returns the bytes, a part of `into` if given, and who sent them.
   * @throws {NetError} `CLOSED` when the socket is closed.
   */
  receive(into?: Uint8Array<ArrayBuffer>, options?: AbortOptions): Promise<ReceivedDatagram> {
    if (this.#isClosed) return Promise.reject(this.#closedError("receive"));
    if (options?.signal?.aborted !== true) {
      const entry = this.#queue.shift();
      if (entry !== undefined) return Promise.resolve(this.#unpack(entry, into));
    }
    return this.#receivers.add(new ReceiveWaiter(into), options?.signal);
  }

  /** Sends one datagram. While the interface's queue is full it waits, at most a second.
   *
   * @param data is copied before the promise resolves.
   * @param address where to; a name is looked up.
   * @returns `data.length`.
   * @throws {NetError} `MESSAGE_TOO_LONG`, `NO_BUFFERS`, `NETWORK_UNREACHABLE`, `NETWORK_DOWN`, `ACCESS_DENIED`
   * (broadcast), `NAME_NOT_FOUND`, `NAME_SERVER_FAILED`, `CLOSED`.
   * @throws {RangeError} when the port is not 1 … 65535.
   */
  send(data: Uint8Array, address: NetAddr, options?: AbortOptions): Promise<number> {
    const target = this.#parse(address.hostname);
    if (target === undefined) return this.#sendToName(data, address, options);
    return this.#sendTo(data, target, address.port, options);
  }

  /** Joins an IPv4 group.
   *
   * @param address the group.
   * @param networkInterface address or name of the interface; "0.0.0.0" leaves the choice to the stack.
   * @throws {NetError} `ADDRESS_NOT_AVAILABLE` when there is no such interface; `ADDRESS_IN_USE`, `NO_BUFFERS`.
   */
  joinMulticastV4(address: string, networkInterface: string): Promise<MulticastV4Membership> {
    return this.#groups.join(address, networkInterface === "0.0.0.0" ? undefined : networkInterface);
  }

  /** Joins an IPv6 group.
   *
   * @param address the group.
   * @param networkInterface index of the interface; 0 leaves the choice to the stack.
   * @throws {NetError} as {@linkcode joinMulticastV4}.
   */
  joinMulticastV6(address: string, networkInterface: number): Promise<MulticastV6Membership> {
    return this.#groups.join(address, networkInterface === 0 ? undefined : networkInterface);
  }

  /** Closes: pending receives and sends are rejected with `CLOSED`, iteration ends, groups are left. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#endpoint.close();
    this.#retryTimer?.stop();
    this.#queue.clear();
    if (this.#receivers.size > 0) this.#receivers.rejectAll(this.#closedError("receive"));
    if (this.#senders.size > 0) this.#senders.rejectAll(this.#closedError("send"));
    this.unref();
    this.#host.closed(this);
  }

  /** The datagrams, one after the other, until {@linkcode close}. */
  [Symbol.asyncIterator](): AsyncGenerator<ReceivedDatagram, void, unknown> {
    return untilClosed(() => this.receive(), () => this.#isClosed);
  }

  /** Lets timers of the stack keep the process alive for this socket; the default. */
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

  #arrives(p: Pbuf, info: UdpRxInfo): void {
    this.counters.received++;
    if (!this.#queue.push(p, info.source, info.sourcePort)) {
      this.counters.dropped++;
      p.release();
      return;
    }
    const waiter = this.#receivers.shift();
    if (waiter !== undefined) waiter.resolve(this.#unpack(this.#queue.shift()!, waiter.into));
  }

  #unpack(
    { p, length, source, port }: QueuedDatagram,
    into: Uint8Array<ArrayBuffer> | undefined,
  ): ReceivedDatagram {
    const bytes = into ?? new Uint8Array(length);
    const copied = copyTo(p, bytes, 0, Math.min(length, bytes.length));
    p.release();
    return [
      copied === bytes.length ? bytes : bytes.subarray(0, copied),
      { transport: "udp", hostname: this.#sourceText(source), port },
    ];
  }

  #sourceText(source: IpAddress): string {
    if (this.#lastSource === undefined || !this.#lastSource.equals(source)) {
      this.#lastSource = source;
      this.#lastSourceText = source.toString();
    }
    return this.#lastSourceText;
  }

  #parse(hostname: string): IpAddress | undefined {
    if (hostname === this.#lastHostname) return this.#lastAddress;
    const address = parseIpAddress(hostname);
    if (address === undefined) return undefined;
    this.#lastHostname = hostname;
    this.#lastAddress = address;
    return address;
  }

  async #sendToName(data: Uint8Array, address: NetAddr, options?: AbortOptions): Promise<number> {
    const target = parseIpAddress(await this.#host.lookup(address.hostname, options))!;
    return await this.#sendTo(data, target, address.port, options);
  }

  #sendTo(data: Uint8Array, address: IpAddress, port: number, options?: AbortOptions): Promise<number> {
    const signal = options?.signal;
    if (this.#senders.size === 0 && signal?.aborted !== true) {
      let code: NetErrorCode | undefined;
      try {
        code = this.#endpoint.sendTo(data, address, port);
      } catch (error) {
        return Promise.reject(error);
      }
      if (code === undefined) return this.#sent(data.length);
      if (code !== "NO_BUFFERS") return Promise.reject(this.#sendError(code, address, port));
      this.#startRetry();
    }
    return this.#senders.add(new SendWaiter(data, address, port), signal);
  }

  #sent(length: number): Promise<number> {
    this.counters.sent++;
    this.#host.pump.requestFlush();
    // A loop that only sends never waits for anything: it must not keep timers and I/O from their turn.
    if ((this.counters.sent & 15) === 0 && this.#host.pump.isSliceOver) {
      return new Promise((resolve) => {
        if (!this.#host.pump.stepAside(() => resolve(length))) resolve(length);
      });
    }
    return Promise.resolve(length);
  }

  #startRetry(): void {
    this.#retryTimer ??= this.#host.timers.create(() => this.#retry());
    if (!this.#retryTimer.isArmed) this.#retryTimer.start(RETRY_MS);
  }

  #retry(): void {
    for (let waiter = this.#senders.head; waiter !== undefined; waiter = this.#senders.head) {
      const { data, address, port } = waiter;
      this.counters.retried++;
      let code: NetErrorCode | undefined;
      try {
        code = this.#endpoint.sendTo(data, address, port);
      } catch (error) {
        this.#senders.shift()!.reject(error);
        continue;
      }
      if (code === "NO_BUFFERS" && waiter.tries++ < MAX_TRIES) {
        this.#startRetry();
        return;
      }
      this.#senders.shift();
      if (code === undefined) {
        this.counters.sent++;
        waiter.resolve(data.length);
      } else {
        waiter.reject(this.#sendError(code, address, port));
      }
    }
  }

  #errorArrives(error: UdpErrorInfo): void {
    if (error.code === undefined || this.onError === undefined) return;
    this.onError(this.#sendError(error.code, error.remoteAddress, error.remotePort, error.kind));
  }

  #sendError(code: NetErrorCode, address: IpAddress, port: number, why?: string): NetError {
    const remoteAddress = address.toString();
    const to = formatNetAddr({ transport: "udp", hostname: remoteAddress, port });
    return netError(code, `Cannot send to ${to}: ${why ?? SEND_REASONS[code] ?? code}`, {
      localAddress: this.addr.hostname,
      localPort: this.addr.port,
      remoteAddress,
      remotePort: port,
    });
  }

  #closedError(action: string): NetError {
    return netError("CLOSED", `Cannot ${action} on ${formatNetAddr(this.addr)}: the socket was closed`, {
      localAddress: this.addr.hostname,
      localPort: this.addr.port,
    });
  }
}

const SEND_REASONS: Partial<Record<NetErrorCode, string>> = {
  MESSAGE_TOO_LONG: "the datagram is too long",
  NO_BUFFERS: "the interface's queue is full",
  NETWORK_UNREACHABLE: "no route leads there",
  NETWORK_DOWN: "the interface is down",
  ACCESS_DENIED: "broadcast was not allowed",
  ADDRESS_NOT_AVAILABLE: "no address of ours is fit to send from",
  CLOSED: "the socket was closed",
};
