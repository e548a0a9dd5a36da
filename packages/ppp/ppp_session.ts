/** {@linkcode PppSession}: the phases of a link (RFC 1661 §3.2) and what runs in each: LCP, authentication in both
 * directions, network control protocols.
 *
 * ```text
 *   Dead -> Establish -> Authenticate -> Network -> Terminate -> Dead
 * ```
 *
 * @module
 */
import type { PbufPool } from "@lightwire/pbuf";
import type { Random, TimerQueue } from "@lightwire/netif";
import {
  type AuthenticationEnd,
  AuthenticationPhase,
  type AuthenticationPhaseOptions,
  authenticationWishes,
  isAuthenticationProtocol,
} from "./authentication_phase.ts";
import type { Ccp, CcpResult } from "./ccp.ts";
import type { CpEnd } from "./control_protocol.ts";
import { CP_CODE, parseCpPacket } from "./cp_packet.ts";
import type { Ipcp, IpcpResult } from "./ipcp.ts";
import type { Ipv6cp, Ipv6cpResult } from "./ipv6cp.ts";
import { Lcp, type LcpOptions } from "./lcp.ts";
import { defaultLcpSettings, LCP_OPTION, type LcpSettings } from "./lcp_options.ts";
import { MPPE_OVERHEAD, type MppeSettings } from "./mppe.ts";
import { type NetworkEnd, NetworkPhase, type NetworkPhaseOptions } from "./network_phase.ts";
import type { PacketCodec } from "./packet_codec.ts";
import { PPP_LCP } from "./ppp_protocol_number.ts";
import { SessionClock, type SessionClockOptions } from "./session_clock.ts";

/** A phase, with the name of RFC 1661 §3.2. */
export type PppPhase = "Dead" | "Establish" | "Authenticate" | "Network" | "Terminate";

/** Why a session ended. */
export type PppEnd =
  | CpEnd
  | AuthenticationEnd
  | NetworkEnd
  | "idle-timeout" // no IP packets for long
  | "max-session" // it lasted as long as it may
  | "line-lost" // the serial line went away
  | "authentication-impossible"; // the peer wants a proof of a kind that we cannot give

/** What a session agreed on when IP begins to flow. */
export interface PppUp {
  /** What IPCP agreed on; `undefined` while IPv4 does not flow. */
  readonly ipv4: IpcpResult | undefined;
  /** What IPV6CP agreed on; `undefined` while IPv6 does not flow. */
  readonly ipv6: Ipv6cpResult | undefined;
  /** Longest IP packet: the smaller of the peer's MRU and ours. */
  readonly mtu: number;
  /** How the peer sends to us. */
  readonly local: Readonly<LcpSettings>;
  /** How we send to the peer. */
  readonly peer: Readonly<LcpSettings>;
  /** Who the peer proved to be; "" if it was not asked. */
  readonly peerName: string;
  /** In which directions TCP/IPv4 headers are compressed (RFC 1144). */
  readonly vj: { readonly inbound: boolean; readonly outbound: boolean };
  /** How packets are encrypted, for people: "MPPE 128-bit, stateless"; `undefined` if they are not. */
  readonly encryption: string | undefined;
}

/** What a session tells its owner. */
export interface PppSessionOwner {
  /** Sends a packet; LCP's without compression of the header and with the default ACCM (RFC 1662 §7.1). */
  sendPacket(protocol: number, packet: Uint8Array): void;
  /** How to send to the peer has changed, and how it sends to us. */
  framingChanged(peer: Readonly<LcpSettings>, local: Readonly<LcpSettings>): void;
  /** The phase has changed. */
  phaseChanged(phase: PppPhase): void;
  /** IP flows from now on; again when the other family joins, or leaves. */
  networkUp(up: PppUp): void;
  /** IP does not flow any more. */
  networkDown(): void;
  /** The session is over; {@linkcode PppSession.open} begins another.
   *
   * @param message What the peer said about it, or where it happened; may be "".
   */
  ended(end: PppEnd, message: string): void;
}

/** Options of {@linkcode PppSession}. */
export interface PppSessionOptions
  extends AuthenticationPhaseOptions, NetworkPhaseOptions, SessionClockOptions {
  /** LCP; its `offer` and `demand` follow from credentials and secrets, unless given. */
  readonly lcp?: LcpOptions;
  /** Who speaks first: "active" asks at once and gives up without an answer; "passive" asks, and then waits for the peer
   * (RFC 1661 §4.1, option "p"); "silent" sends nothing until the peer asks. Default "active". */
  readonly listen?: "active" | "passive" | "silent";
}

/** What a session needs of its host. */
export interface PppHost {
  /** Timers. */
  readonly timers: TimerQueue;
  /** Entropy: magic numbers and challenges. Must not be predictable outside of tests. */
  readonly random: Random;
  /** Buffers for received packets. */
  readonly pool: PbufPool;
}

/** Packets that a session dropped. */
export interface PppSessionCounters {
  /** Control packets that are malformed. */
  malformed: number;
  /** Packets before their phase (RFC 1661 §3.4). */
  tooEarly: number;
  /** Packets of protocols not spoken here, answered by a Protocol-Reject. */
  unknownProtocol: number;
}

/** One PPP session on one line. */
export class PppSession {
  /** What was dropped. */
  readonly counters: PppSessionCounters = { malformed: 0, tooEarly: 0, unknownProtocol: 0 };
  /** LCP. */
  readonly lcp: Lcp;
  readonly #owner: PppSessionOwner;
  readonly #options: PppSessionOptions;
  readonly #authentication: AuthenticationPhase;
  readonly #network: NetworkPhase;
  readonly #clock: SessionClock;
  #isListening = false;
  #phase: PppPhase = "Dead";
  #end: PppEnd | undefined;
  #message = "";

  /** Makes a session in phase Dead.
   *
   * @throws {TypeError} if the options leave no network protocol.
   */
  constructor(host: PppHost, owner: PppSessionOwner, options: PppSessionOptions = {}) {
    this.#owner = owner;
    this.#options = options;
    this.lcp = new Lcp(host.timers, host.random, {
      lcpSend: (packet) => owner.sendPacket(PPP_LCP, packet),
      lcpUp: () => this.#lcpUp(),
      lcpDown: () => this.#lcpDown(),
      lcpFinished: (end) => this.#lcpFinished(end),
      protocolRejected: (protocol) => this.#protocolRejected(protocol),
    }, {
      ...authenticationWishes(options),
      isPassive: options.listen === "passive",
      ...options.lcp,
    });
    this.#authentication = new AuthenticationPhase(host, {
      send: (protocol, packet) => owner.sendPacket(protocol, packet),
      done: () => this.#enterNetwork(),
      failed: (end, message) => this.#closeWith(end, message),
    }, options);
    this.#clock = new SessionClock(host.timers, (end) => this.#closeWith(end, ""), options);
    this.#network = new NetworkPhase(
      host,
      {
        send: (protocol, packet) => owner.sendPacket(protocol, packet),
        up: () => this.#networkUp(),
        down: () => owner.networkDown(),
        finished: (end, message) => {
          if (this.lcp.state === "Opened") this.#closeWith(end, message);
        },
      },
      this.#clock,
      // Headers are worth compressing on a slow line, which never changes the order of packets (RFC 1144 §1).
      { vjByDefault: !options.lcp?.rejects?.includes(LCP_OPTION.ACCM), ...options },
    );
  }

  /** The present phase. */
  get phase(): PppPhase {
    return this.#phase;
  }

  /** IPCP, unless IPv4 is not wanted. */
  get ipcp(): Ipcp | undefined {
    return this.#network.ipcp;
  }

  /** IPV6CP, if IPv6 is wanted. */
  get ipv6cp(): Ipv6cp | undefined {
    return this.#network.ipv6cp;
  }

  /** CCP, if packets may be encrypted. */
  get ccp(): Ccp | undefined {
    return this.#network.ccp;
  }

  /** What becomes of IP packets on their way, for the carrier. */
  get codec(): PacketCodec {
    return this.#network.codec;
  }

  /** Whether IP flows, of either family. */
  get isNetworkUp(): boolean {
    return this.#network.isUp;
  }

  /** Longest IP packet to send; encryption takes four octets of it. */
  get mtu(): number {
    const mru = Math.min(this.lcp.peer.mru, this.#options.lcp?.mru ?? defaultLcpSettings().mru);
    return this.codec.isEncrypting ? mru - MPPE_OVERHEAD : mru;
  }

  /** Whether it waits for its peer to speak: silent, or passive after it has asked in vain. */
  get isListening(): boolean {
    return this.#isListening || (this.#phase !== "Dead" && this.lcp.state === "Stopped");
  }

  /** Begins: negotiates as soon as the line is up. Harmless when it has begun. */
  open(): void {
    if (this.#phase === "Dead") this.#end = undefined;
    // Silent: LCP stays closed until the peer asks.
    if (this.#options.listen === "silent" && this.#isAtRest()) this.#isListening = true;
    else this.lcp.protocol.open();
    this.#notePhase();
  }

  /** Ends it in an orderly way, with a Terminate-Request; {@linkcode PppSessionOwner.ended} follows. */
  close(): void {
    this.#closeWith("closed", "");
  }

  /** The line carries octets from now on. */
  lowerUp(): void {
    this.lcp.protocol.lowerUp();
    this.#notePhase();
  }

  /** The line is gone. */
  lowerDown(): void {
    const wasAlive = this.#phase !== "Dead" || this.#isListening;
    const end = this.lcp.protocol.pendingEnd;
    this.#isListening = false;
    this.lcp.protocol.lowerDown();
    if (!wasAlive) return;
    // A line that falls after a Terminate-Request is the last of an orderly end.
    this.#message ||= this.lcp.protocol.terminateText;
    this.#reportEnd(this.#end ?? end ?? "line-lost");
  }

  /** A packet has arrived which is not one of a network protocol that is open: the information field `bytes[start … end]`,
   * borrowed. */
  input(protocol: number, bytes: Uint8Array, start: number, end: number): void {
    if (protocol !== PPP_LCP && this.lcp.state !== "Opened") return void this.counters.tooEarly++;
    const isAuth = isAuthenticationProtocol(protocol);
    const isKnown = protocol === PPP_LCP || isAuth || this.#network.isSpoken(protocol);
    // A peer that speaks of addresses has let us in, even if the packet that said so got lost (RFC 3748 §4.2).
    if (isKnown && !isAuth && protocol !== PPP_LCP && this.#phase === "Authenticate") {
      this.#authentication.networkInput();
    }
    // Until authentication is over, everything else is dropped without an answer (RFC 1661 §3.5).
    if (protocol !== PPP_LCP && !isAuth && this.#phase !== "Network") return void this.counters.tooEarly++;
    if (this.#network.mayOpen(protocol)) return void this.counters.tooEarly++;
    if (!isKnown) {
      this.counters.unknownProtocol++;
      return this.lcp.rejectProtocol(protocol, bytes, start, end);
    }
    const packet = parseCpPacket(bytes, start, end);
    if (packet === undefined) this.counters.malformed++;
    else if (protocol === PPP_LCP) {
      if (this.#isListening && packet.code === CP_CODE.CONFIGURE_REQUEST) {
        this.#isListening = false;
        this.lcp.protocol.open();
      }
      this.lcp.protocol.input(packet);
    } else if (!isAuth) this.#network.input(protocol, packet);
    else if (!this.#authentication.input(protocol, packet)) this.counters.tooEarly++;
    this.#notePhase();
  }

  #lcpUp(): void {
    this.#owner.framingChanged(this.lcp.peer, this.lcp.local);
    const local = this.lcp.local.auth;
    const peer = this.lcp.peer.auth;
    if (local !== undefined || peer !== undefined) this.#setPhase("Authenticate");
    this.#authentication.start(local, peer);
  }

  #enterNetwork(): void {
    this.#setPhase("Network");
    this.#network.start({
      peerMru: this.lcp.peer.mru,
      peerName: this.#authentication.peerName,
      keys: this.#authentication.mppeKeys,
    });
  }

  #networkUp(): void {
    const { ipv4, ipv6, encryption } = this.#network;
    this.#clock.start();
    this.#owner.networkUp({
      ipv4,
      ipv6,
      mtu: this.mtu,
      local: this.lcp.local,
      peer: this.lcp.peer,
      peerName: this.#authentication.peerName,
      vj: { inbound: ipv4?.vjInbound !== undefined, outbound: ipv4?.vjOutbound !== undefined },
      encryption: encryption && describeEncryption(encryption),
    });
  }

  #lcpDown(): void {
    this.#authentication.stop();
    this.#clock.stop();
    this.#network.stop();
    this.#owner.framingChanged(defaultLcpSettings(), defaultLcpSettings());
    this.#notePhase();
  }

  #lcpFinished(end: CpEnd): void {
    // The automaton finishes once more when a reject comes after the end (RFC 1661 §4.1, RXJ- in Closed).
    if (this.#phase === "Dead") return;
    // From Stopped to Closed: a late packet of this session must not begin another by itself.
    if (this.lcp.state === "Stopped") this.lcp.protocol.close();
    const isImpossible = this.lcp.isAuthRefusedByUs && end !== "closed";
    const reason = this.#end ?? (isImpossible ? "authentication-impossible" : end);
    this.#message ||= this.lcp.protocol.terminateText;
    this.#reportEnd(reason);
  }

  #protocolRejected(protocol: number): void {
    if (isAuthenticationProtocol(protocol)) this.#authentication.protocolRejected(protocol);
    else this.#network.protocolRejected(protocol);
  }

  #isAtRest(): boolean {
    const { state } = this.lcp;
    return state === "Initial" || state === "Closed" || state === "Stopped";
  }

  #closeWith(end: PppEnd, message: string): void {
    if (this.#isAtRest()) {
      // Over already, unless it waits for the peer: silently, or after it has asked in vain (passive).
      if (!this.#isListening && this.#phase === "Dead") return;
      this.#isListening = false;
      this.#message = message;
      this.lcp.protocol.close();
      return this.#reportEnd(end);
    }
    if (this.#end === undefined) {
      this.#end = end;
      this.#message = message;
    }
    this.lcp.protocol.close();
    this.#notePhase();
  }

  #reportEnd(end: PppEnd): void {
    const message = this.#message;
    this.#end = undefined;
    this.#message = "";
    this.#setPhase("Dead");
    this.#owner.ended(end, message);
  }

  /** The phase that follows from LCP's state, where authentication does not tell more. */
  #notePhase(): void {
    switch (this.lcp.state) {
      case "Initial":
      case "Starting":
      case "Closed":
      case "Stopped":
        return; // the end is reported by #reportEnd
      case "Closing":
      case "Stopping":
        return this.#setPhase("Terminate");
      case "Opened":
        return;
      default:
        return this.#setPhase("Establish");
    }
  }

  #setPhase(phase: PppPhase): void {
    if (phase === this.#phase) return;
    this.#phase = phase;
    this.#owner.phaseChanged(phase);
  }
}

function describeEncryption({ inbound, outbound }: CcpResult): string {
  const [received, sent] = [describeMppe(inbound), describeMppe(outbound)];
  return received === sent ? `MPPE ${sent}` : `MPPE sends ${sent}, receives ${received}`;
}

function describeMppe({ keyBits, isStateful }: MppeSettings): string {
  return `${keyBits}-bit, ${isStateful ? "stateful" : "stateless"}`;
}
