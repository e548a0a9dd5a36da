/** {@linkcode NetworkPhase}: the network control protocols of one link (RFC 1661 §3.6): IPCP and IPV6CP, each of them alone or
 * both, behind CCP if packets are to be encrypted.
 *
 * @module
 */
import type { Random, Timer, TimerQueue } from "@lightwire/netif";
import { Ccp, type CcpOptions, type CcpResult } from "./ccp.ts";
import type { ControlProtocol, CpEnd } from "./control_protocol.ts";
import type { CpPacket } from "./cp_packet.ts";
import { Ipcp, type IpcpOptions, type IpcpResult } from "./ipcp.ts";
import { Ipv6cp, type Ipv6cpOptions, type Ipv6cpResult } from "./ipv6cp.ts";
import { MppeDecryptor, MppeEncryptor, type MppeSettings } from "./mppe.ts";
import type { MppeStartKeys } from "./mppe_keys.ts";
import { PacketCodec } from "./packet_codec.ts";
import {
  PPP_CCP,
  PPP_COMPRESSED,
  PPP_IPCP,
  PPP_IPV4,
  PPP_IPV6,
  PPP_IPV6CP,
  PPP_VJ_COMPRESSED,
  PPP_VJ_UNCOMPRESSED,
  pppProtocolName,
} from "./ppp_protocol_number.ts";
import type { SessionClock } from "./session_clock.ts";
import { VjCompressor } from "./vj_compressor.ts";
import { VjDecompressor } from "./vj_decompressor.ts";

/** Why the network phase ended a session. */
export type NetworkEnd =
  | CpEnd
  | "mppe-required" // packets have to be encrypted, and the peer or the authentication does not do it
  | "no-network-protocol"; // the peer speaks neither IPv4 nor IPv6

/** What a {@linkcode NetworkPhase} needs of its host. */
export interface NetworkHost {
  /** Timers. */
  readonly timers: TimerQueue;
  /** Entropy for interface identifiers. */
  readonly random: Random;
}

/** What a {@linkcode NetworkPhase} tells its owner. */
export interface NetworkOwner {
  /** Sends a packet of a network control protocol. */
  send(protocol: number, packet: Uint8Array): void;
  /** What flows has changed, and something flows: the first protocol has opened, the other one has joined, or left. */
  up(): void;
  /** The last protocol went down. */
  down(): void;
  /** No network protocol is left: the link is of no use.
   *
   * @param message What the peer said, or which protocol it was.
   */
  finished(end: NetworkEnd, message: string): void;
}

/** Options of {@linkcode NetworkPhase}. */
export interface NetworkPhaseOptions {
  /** IPv4; false for none. */
  readonly ipcp?: IpcpOptions | false;
  /** IPv6; none by default. */
  readonly ipv6cp?: Ipv6cpOptions | false;
  /** Encryption by MPPE; none by default. */
  readonly ccp?: CcpOptions;
  /** Whether IPCP compresses headers if its options do not say; default true. */
  readonly vjByDefault?: boolean;
}

/** What a link is like when its network phase begins. */
export interface NetworkStart {
  /** Longest control packet that the peer takes. */
  readonly peerMru: number;
  /** Who the peer proved to be; "" if it was not asked. */
  readonly peerName: string;
  /** What MPPE starts from; `undefined` if nobody has proved anything by MS-CHAP. */
  readonly keys: MppeStartKeys | undefined;
}

/** How long IPv4 and IPv6 wait for an encryption that may be. A peer that needs it is ready for them only afterwards. */
const CCP_PATIENCE_MS = 3000;
/** Shortest time between two requests for new tables. */
const RESET_INTERVAL_MS = 1000;

/** The network phase of one link. */
export class NetworkPhase {
  /** IPCP, unless IPv4 is not wanted. */
  readonly ipcp: Ipcp | undefined;
  /** IPV6CP, if IPv6 is wanted. */
  readonly ipv6cp: Ipv6cp | undefined;
  /** CCP, if packets may be encrypted. */
  readonly ccp: Ccp | undefined;
  /** What becomes of IP packets on their way. */
  readonly codec: PacketCodec;
  readonly #timers: TimerQueue;
  readonly #owner: NetworkOwner;
  readonly #isMppeRequired: boolean;
  readonly #networks: ReadonlyMap<number, ControlProtocol>;
  readonly #ends = new Map<number, NetworkEnd>();
  readonly #patience: Timer;
  #start: NetworkStart = { peerMru: 1500, peerName: "", keys: undefined };
  #isWaiting = false;
  #ipv4: IpcpResult | undefined;
  #ipv6: Ipv6cpResult | undefined;
  #encryption: CcpResult | undefined;
  #resetAt = -Infinity;

  /** Makes a phase that is not started.
   *
   * @throws {TypeError} if the options leave no network protocol.
   */
  constructor(
    host: NetworkHost,
    owner: NetworkOwner,
    clock: SessionClock,
    options: NetworkPhaseOptions = {},
  ) {
    this.#owner = owner;
    this.#timers = host.timers;
    this.#patience = host.timers.create(() => this.#startNetworks());
    this.codec = new PacketCodec({
      resetWanted: () => this.#resetWanted(),
      hopeless: () => owner.finished("mppe-required", "encrypted packets make no sense"),
    }, clock.watchesTraffic ? clock : undefined);
    const networks = new Map<number, ControlProtocol>();
    if (options.ipcp !== false) {
      this.ipcp = this.#makeIpcp(host, { vj: options.vjByDefault ?? true, ...options.ipcp });
      networks.set(PPP_IPCP, this.ipcp.protocol);
    }
    if (options.ipv6cp !== undefined && options.ipv6cp !== false) {
      this.ipv6cp = this.#makeIpv6cp(host, options.ipv6cp);
      networks.set(PPP_IPV6CP, this.ipv6cp.protocol);
    }
    if (networks.size === 0) {
      throw new TypeError(
        "Cannot make a PPP session without a network protocol: both ipcp and ipv6cp are off",
      );
    }
    this.#networks = networks;
    this.#isMppeRequired = options.ccp?.mppe === "required";
    if (this.#isMppeRequired || options.ccp?.mppe === "allowed") this.ccp = this.#makeCcp(host, options.ccp!);
  }

  /** What IPCP agreed on; `undefined` while IPv4 does not flow. */
  get ipv4(): IpcpResult | undefined {
    return this.#ipv4;
  }

  /** What IPV6CP agreed on; `undefined` while IPv6 does not flow. */
  get ipv6(): Ipv6cpResult | undefined {
    return this.#ipv6;
  }

  /** What CCP agreed on; `undefined` while packets go in the clear. */
  get encryption(): CcpResult | undefined {
    return this.#encryption;
  }

  /** Whether anything flows. */
  get isUp(): boolean {
    return this.#ipv4 !== undefined || this.#ipv6 !== undefined;
  }

  /** Authentication is over: begins. */
  start(start: NetworkStart): void {
    this.#start = start;
    this.#ends.clear();
    this.codec.setMppe(this.#isMppeRequired);
    this.#isWaiting = true;
    if (this.ccp === undefined) return this.#startNetworks();
    if (start.keys === undefined) {
      if (!this.#isMppeRequired) return this.#startNetworks();
      return this.#owner.finished("mppe-required", "the authentication gives no keys: it has to be MS-CHAP");
    }
    if (!this.#isMppeRequired) this.#patience.start(CCP_PATIENCE_MS);
    this.ccp.protocol.maxPacketBytes = start.peerMru;
    this.ccp.protocol.open();
    this.ccp.protocol.lowerUp();
  }

  /** LCP is down: so is everything above. */
  stop(): void {
    this.#isWaiting = false;
    this.#patience.stop();
    this.ipcp?.stop();
    if (this.ipv6cp !== undefined) lowerDown(this.ipv6cp.protocol);
    if (this.ccp !== undefined) lowerDown(this.ccp.protocol);
  }

  /** Whether a protocol is one of this phase. */
  isSpoken(protocol: number): boolean {
    if (protocol === PPP_CCP) return this.ccp !== undefined && this.#start.keys !== undefined;
    return this.#networks.has(protocol);
  }

  /** Whether packets of a protocol, now of no use, may be of use later: they are dropped without an answer. */
  mayOpen(protocol: number): boolean {
    switch (protocol) {
      case PPP_IPV4:
        return this.ipcp !== undefined;
      case PPP_IPV6:
        return this.ipv6cp !== undefined;
      case PPP_VJ_COMPRESSED:
      case PPP_VJ_UNCOMPRESSED:
        return this.ipcp !== undefined && this.ipcp.protocol.state !== "Opened";
      case PPP_COMPRESSED:
        return this.isSpoken(PPP_CCP) && this.ccp!.protocol.state !== "Opened";
      default:
        return false;
    }
  }

  /** A packet of a network control protocol has arrived. */
  input(protocol: number, packet: CpPacket): void {
    if (protocol === PPP_CCP) return this.ccp?.protocol.input(packet);
    // A peer that is ready for IP does not want encryption, or has it.
    if (this.#isWaiting && !this.#isMppeRequired) this.#startNetworks();
    this.#networks.get(protocol)?.input(packet);
  }

  /** The peer does not speak a protocol: a control protocol, or the one of the packets that it is about. */
  protocolRejected(rejected: number): void {
    if (rejected === PPP_VJ_COMPRESSED || rejected === PPP_VJ_UNCOMPRESSED) {
      return this.codec.setIpv4(this.#ipv4 !== undefined, undefined, this.codec.decompressor);
    }
    const protocol = rejected < 0x4000 ? rejected | 0x8000 : rejected;
    if (protocol === PPP_CCP) this.ccp?.protocol.protocolRejected();
    else this.#networks.get(protocol)?.protocolRejected();
  }

  #startNetworks(): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#patience.stop();
    for (const protocol of this.#networks.values()) protocol.maxPacketBytes = this.#start.peerMru;
    if (this.ipv6cp !== undefined) {
      this.ipv6cp.protocol.open();
      this.ipv6cp.protocol.lowerUp();
    }
    this.ipcp?.start(this.#start.peerName);
  }

  #makeIpcp(host: NetworkHost, options: IpcpOptions): Ipcp {
    return new Ipcp(host.timers, {
      ipcpSend: (packet) => this.#owner.send(PPP_IPCP, packet),
      ipcpUp: (result) => {
        this.#ipv4 = result;
        const { vjInbound, vjOutbound } = result;
        this.codec.setIpv4(
          true,
          vjOutbound && new VjCompressor(vjOutbound.slots, vjOutbound.mayOmitSlot),
          vjInbound && new VjDecompressor(vjInbound.slots),
        );
        this.#changed();
      },
      ipcpDown: () => {
        this.#ipv4 = undefined;
        this.codec.setIpv4(false);
        this.#changed();
      },
      ipcpFinished: (end) => this.#finished(PPP_IPCP, end),
    }, options);
  }

  #makeIpv6cp(host: NetworkHost, options: Ipv6cpOptions): Ipv6cp {
    return new Ipv6cp(host.timers, host.random, {
      ipv6cpSend: (packet) => this.#owner.send(PPP_IPV6CP, packet),
      ipv6cpUp: (result) => {
        this.#ipv6 = result;
        this.codec.setIpv6(true);
        this.#changed();
      },
      ipv6cpDown: () => {
        this.#ipv6 = undefined;
        this.codec.setIpv6(false);
        this.#changed();
      },
      ipv6cpFinished: (end) => this.#finished(PPP_IPV6CP, end),
    }, options);
  }

  #makeCcp(host: NetworkHost, options: CcpOptions): Ccp {
    return new Ccp(host.timers, {
      ccpSend: (packet) => this.#owner.send(PPP_CCP, packet),
      ccpUp: (result) => this.#ccpUp(result),
      ccpDown: () => {
        this.#encryption = undefined;
        this.codec.setMppe(this.#isMppeRequired);
        if (this.isUp && !this.#isMppeRequired) this.#owner.up();
      },
      ccpFinished: (end) => {
        if (this.#isMppeRequired) this.#owner.finished("mppe-required", `CCP: ${end}`);
        else this.#startNetworks();
      },
      resetRequested: () => this.codec.resetRequested(),
    }, options);
  }

  #ccpUp(result: CcpResult): void {
    const keys = this.#start.keys!;
    const { inbound, outbound } = result;
    this.#encryption = result;
    this.codec.setMppe(
      this.#isMppeRequired,
      new MppeEncryptor(startKey(outbound, keys.sendStart, keys.sendStartShort), outbound.isStateful),
      new MppeDecryptor(startKey(inbound, keys.receiveStart, keys.receiveStartShort), inbound.isStateful),
    );
    if (this.isUp) this.#owner.up();
    this.#startNetworks();
  }

  #resetWanted(): void {
    const now = this.#timers.clock.now();
    if (now - this.#resetAt < RESET_INTERVAL_MS) return;
    this.#resetAt = now;
    this.ccp?.requestReset();
  }

  #changed(): void {
    if (this.isUp) this.#owner.up();
    else this.#owner.down();
  }

  /** One protocol has ended; the link ends with the last of them, and with IPv4's reason if it has one. */
  #finished(protocol: number, end: CpEnd): void {
    this.#ends.set(protocol, end);
    for (const [number, { state }] of this.#networks) {
      const isOver = state === "Closed" || state === "Stopped" || state === "Initial";
      if (!isOver || !this.#ends.has(number)) return;
    }
    const first = this.#networks.keys().next().value!;
    const isUnspoken = [...this.#ends.values()].every((e) => e === "rejected-by-peer");
    const text = this.#networks.get(first)!.terminateText || pppProtocolName(first);
    this.#owner.finished(isUnspoken ? "no-network-protocol" : this.#ends.get(first)!, text);
  }
}

function lowerDown(protocol: ControlProtocol): void {
  if (protocol.state !== "Initial" && protocol.state !== "Starting") protocol.lowerDown();
}

function startKey(settings: MppeSettings, long: Uint8Array, short: Uint8Array): Uint8Array {
  return settings.keyBits === 128 ? long : short;
}
