/** Data plane. {@linkcode PppoeStation}: PPPoE on one Ethernet interface: who gets which frame, and how one leaves.
 *
 * @module
 */
import { coalesce, DEFAULT_HEADROOM, type Pbuf, type PbufPool } from "@lightwire/pbuf";
import {
  BROADCAST_MAC,
  ETHER_TYPE_PPPOE_DISCOVERY,
  ETHER_TYPE_PPPOE_SESSION,
  ETHERNET_HEADER_LENGTH,
  type EtherTypeHandler,
  type MacAddress,
  type Netif,
  readMac,
} from "@lightwire/netif";
import {
  parsePppoeDiscovery,
  PPPOE_CODE,
  PPPOE_HEADER_LENGTH,
  type PppoeDiscoveryPacket,
  pppoePayloadLength,
  pppoeSessionId,
} from "./pppoe_packet.ts";

/** Who takes the discovery packets of a station: a host looking for a concentrator, or a concentrator. */
export interface PppoeDiscoveryListener {
  /** A discovery packet has arrived. Everybody sees each one. */
  discoveryInput(from: MacAddress, packet: PppoeDiscoveryPacket): void;
}

/** Who takes the packets of one session. */
export interface PppoeSessionListener {
  /** The other end. */
  readonly peerAddress: MacAddress;
  /** A PPP packet has arrived: `bytes[start … end]`, protocol included, borrowed. */
  sessionInput(bytes: Uint8Array, start: number, end: number): void;
  /** No more packets for now. */
  sessionInputEnds(): void;
  /** The interface takes packets again. */
  sessionWritable(): void;
}

/** What a station has seen. */
export interface PppoeStationCounters {
  /** Frames that are no PPPoE. */
  malformed: number;
  /** Session frames for which there is no session. */
  noSession: number;
  /** Packets lost because no buffer was free. */
  noBuffers: number;
}

/** PPPoE on one interface. */
export class PppoeStation implements EtherTypeHandler {
  /** The Ethernet. */
  readonly netif: Netif;
  /** What was dropped. */
  readonly counters: PppoeStationCounters;
  /** Called for a session frame without a session: a concentrator tells the sender. */
  onStraySession: ((sessionId: number, from: MacAddress) => void) | undefined;
  readonly #pool: PbufPool;
  readonly #discovery: Set<PppoeDiscoveryListener>;
  readonly #sessions: Map<number, PppoeSessionListener[]>;
  readonly #touched: PppoeSessionListener[];
  readonly #unsubscribe: () => void;

  /** Takes the two EtherTypes of PPPoE on an interface.
   *
   * @param pool Where packets to send are put.
   * @throws {RangeError} if the interface is no Ethernet, or somebody has them already.
   */
  constructor(netif: Netif, pool: PbufPool) {
    if (netif.driver.medium !== "ethernet") {
      throw new RangeError(`Cannot speak PPPoE on ${netif.name}: it is no Ethernet`);
    }
    this.netif = netif;
    this.counters = { malformed: 0, noSession: 0, noBuffers: 0 };
    this.onStraySession = undefined;
    this.#pool = pool;
    this.#discovery = new Set();
    this.#sessions = new Map();
    this.#touched = [];
    netif.registerEtherType(ETHER_TYPE_PPPOE_DISCOVERY, this);
    netif.registerEtherType(ETHER_TYPE_PPPOE_SESSION, this);
    this.#unsubscribe = netif.onWritable(() => this.#writable());
  }

  /** Gives the EtherTypes back. Sessions hear nothing more. */
  close(): void {
    this.netif.registerEtherType(ETHER_TYPE_PPPOE_DISCOVERY, undefined);
    this.netif.registerEtherType(ETHER_TYPE_PPPOE_SESSION, undefined);
    this.#unsubscribe();
    this.#discovery.clear();
    this.#sessions.clear();
  }

  /** Shows `listener` all discovery packets from now on. */
  addDiscovery(listener: PppoeDiscoveryListener): void {
    this.#discovery.add(listener);
  }

  /** Ends {@linkcode addDiscovery}. */
  removeDiscovery(listener: PppoeDiscoveryListener): void {
    this.#discovery.delete(listener);
  }

  /** Hands the packets of a session to `listener`; its id is unique for its peer only. */
  addSession(sessionId: number, listener: PppoeSessionListener): void {
    const others = this.#sessions.get(sessionId);
    if (others === undefined) this.#sessions.set(sessionId, [listener]);
    else others.push(listener);
  }

  /** Ends {@linkcode addSession}. */
  removeSession(sessionId: number, listener: PppoeSessionListener): void {
    const listeners = this.#sessions.get(sessionId);
    const at = listeners === undefined ? -1 : listeners.indexOf(listener);
    if (at < 0) return;
    listeners!.splice(at, 1);
    if (listeners!.length === 0) this.#sessions.delete(sessionId);
  }

  /** Sends a discovery packet; copies it.
   *
   * @param to `undefined` is everybody.
   */
  sendDiscovery(packet: Uint8Array, to: MacAddress | undefined): void {
    const p = this.acquire(packet.length);
    if (p === undefined) return;
    p.bytes.set(packet, p.start);
    this.netif.output(p, ETHER_TYPE_PPPOE_DISCOVERY, to ?? BROADCAST_MAC);
    this.netif.flush();
  }

  /** A buffer for a packet of this length, with room in front for the Ethernet; counts it when there is none. */
  acquire(length: number): Pbuf | undefined {
    const p = this.#pool.acquire(length, DEFAULT_HEADROOM);
    if (p === undefined) this.counters.noBuffers++;
    return p;
  }

  /** Sends a session packet, its PPPoE header in place; takes ownership. */
  sendSession(p: Pbuf, to: MacAddress): void {
    this.netif.output(p, ETHER_TYPE_PPPOE_SESSION, to);
  }

  /** {@inheritDoc EtherTypeHandler.etherTypeInput} */
  etherTypeInput(_netif: Netif, etherType: number, p: Pbuf): void {
    const from = readMac(p.view, p.start - ETHERNET_HEADER_LENGTH + 6);
    const whole = coalesce(p);
    const { bytes, start, end } = whole;
    const length = whole.next === undefined ? pppoePayloadLength(bytes, start, end) : -1;
    if (length < 0) this.counters.malformed++;
    else if (etherType === ETHER_TYPE_PPPOE_SESSION) this.#sessionInput(from, bytes, start, length);
    else {
      const packet = parsePppoeDiscovery(bytes, start, end);
      if (packet === undefined) this.counters.malformed++;
      else for (const listener of this.#discovery) listener.discoveryInput(from, packet);
    }
    whole.release();
  }

  /** {@inheritDoc EtherTypeHandler.inputBatchEnd} */
  inputBatchEnd(): void {
    const touched = this.#touched;
    for (let i = 0; i < touched.length; i++) touched[i]!.sessionInputEnds();
    touched.length = 0;
  }

  #sessionInput(from: MacAddress, bytes: Uint8Array, start: number, length: number): void {
    const sessionId = pppoeSessionId(bytes, start);
    const listeners = this.#sessions.get(sessionId);
    const listener = listeners === undefined ? undefined : findPeer(listeners, from);
    if (listener === undefined || bytes[start + 1] !== PPPOE_CODE.SESSION) {
      this.counters.noSession++;
      this.onStraySession?.(sessionId, from);
      return;
    }
    const at = start + PPPOE_HEADER_LENGTH;
    listener.sessionInput(bytes, at, at + length);
    if (!this.#touched.includes(listener)) this.#touched.push(listener);
  }

  #writable(): void {
    for (const listeners of this.#sessions.values()) {
      for (const listener of listeners) listener.sessionWritable();
    }
  }
}

function findPeer(
  listeners: readonly PppoeSessionListener[],
  from: MacAddress,
): PppoeSessionListener | undefined {
  for (let i = 0; i < listeners.length; i++) {
    if (listeners[i]!.peerAddress === from) return listeners[i];
  }
  return undefined;
}
