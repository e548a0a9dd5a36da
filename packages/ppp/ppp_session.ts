/** {@linkcode PppSession}: the phases of a link (RFC 1661 §3.2) and what runs in each: LCP, authentication in both
 * directions, IPCP.
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
import type { CpEnd } from "./control_protocol.ts";
import { parseCpPacket } from "./cp_packet.ts";
import { Ipcp, type IpcpOptions, type IpcpResult } from "./ipcp.ts";
import { Lcp, type LcpOptions } from "./lcp.ts";
import { defaultLcpSettings, type LcpSettings } from "./lcp_options.ts";
import { PPP_IPCP, PPP_IPV4, PPP_LCP } from "./ppp_protocol_number.ts";

/** A phase, with the name of RFC 1661 §3.2. */
export type PppPhase = "Dead" | "Establish" | "Authenticate" | "Network" | "Terminate";

/** Why a session ended. */
export type PppEnd =
  | CpEnd
  | AuthenticationEnd
  | "line-lost" // the serial line went away
  | "authentication-impossible"; // the peer wants a proof of a kind that we cannot give

/** What a session agreed on when IP begins to flow. */
export interface PppUp extends IpcpResult {
  /** Longest IP packet: the smaller of the peer's MRU and ours. */
  readonly mtu: number;
  /** How the peer sends to us. */
  readonly local: Readonly<LcpSettings>;
  /** How we send to the peer. */
  readonly peer: Readonly<LcpSettings>;
  /** Who the peer proved to be; "" if it was not asked. */
  readonly peerName: string;
}

/** What a session tells its owner. */
export interface PppSessionOwner {
  /** Sends a packet; LCP's without compression of the header and with the default ACCM (RFC 1662 §7.1). */
  sendPacket(protocol: number, packet: Uint8Array): void;
  /** How to send has changed. */
  framingChanged(peer: Readonly<LcpSettings>): void;
  /** The phase has changed. */
  phaseChanged(phase: PppPhase): void;
  /** IP flows from now on. */
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
export interface PppSessionOptions extends AuthenticationPhaseOptions {
  /** LCP; its `offer` and `demand` follow from the two below, unless given. */
  readonly lcp?: LcpOptions;
  /** IPCP. */
  readonly ipcp?: IpcpOptions;
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
  /** IPCP. */
  readonly ipcp: Ipcp;
  readonly #owner: PppSessionOwner;
  readonly #options: PppSessionOptions;
  readonly #authentication: AuthenticationPhase;
  #phase: PppPhase = "Dead";
  #end: PppEnd | undefined;
  #message = "";

  /** Makes a session in phase Dead. */
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
      ...options.lcp,
    });
    this.#authentication = new AuthenticationPhase(host, {
      send: (protocol, packet) => owner.sendPacket(protocol, packet),
      done: () => this.#enterNetwork(),
      failed: (end, message) => this.#closeWith(end, message),
    }, options);
    this.ipcp = new Ipcp(host.timers, {
      ipcpSend: (packet) => owner.sendPacket(PPP_IPCP, packet),
      ipcpUp: (result) => this.#ipcpUp(result),
      ipcpDown: () => owner.networkDown(),
      ipcpFinished: (end) => this.#ipcpFinished(end),
    }, options.ipcp);
  }

  /** The present phase. */
  get phase(): PppPhase {
    return this.#phase;
  }

  /** Whether IP flows. */
  get isNetworkUp(): boolean {
    return this.ipcp.protocol.state === "Opened";
  }

  /** Longest IP packet to send. */
  get mtu(): number {
    return Math.min(this.lcp.peer.mru, this.#options.lcp?.mru ?? defaultLcpSettings().mru);
  }

  /** Begins: negotiates as soon as the line is up. Harmless when it has begun. */
  open(): void {
    if (this.#phase === "Dead") this.#end = undefined;
    this.lcp.protocol.open();
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
    const wasAlive = this.#phase !== "Dead";
    this.lcp.protocol.lowerDown();
    if (wasAlive) this.#reportEnd(this.#end ?? "line-lost");
  }

  /** A packet of any protocol but IPv4 has arrived: the information field `bytes[start … end]`, borrowed. */
  input(protocol: number, bytes: Uint8Array, start: number, end: number): void {
    if (protocol !== PPP_LCP && this.lcp.state !== "Opened") return void this.counters.tooEarly++;
    const isAuth = isAuthenticationProtocol(protocol);
    const isKnown = protocol === PPP_LCP || protocol === PPP_IPCP || isAuth;
    // Until authentication is over, everything else is dropped without an answer (RFC 1661 §3.5).
    if (protocol !== PPP_LCP && !isAuth && this.#phase !== "Network") return void this.counters.tooEarly++;
    if (protocol === PPP_IPV4) return void this.counters.tooEarly++;
    if (!isKnown) {
      this.counters.unknownProtocol++;
      return this.lcp.rejectProtocol(protocol, bytes, start, end);
    }
    const packet = parseCpPacket(bytes, start, end);
    if (packet === undefined) this.counters.malformed++;
    else if (protocol === PPP_LCP) this.lcp.protocol.input(packet);
    else if (protocol === PPP_IPCP) this.ipcp.protocol.input(packet);
    else if (!this.#authentication.input(protocol, packet)) this.counters.tooEarly++;
    this.#notePhase();
  }

  #lcpUp(): void {
    this.#owner.framingChanged(this.lcp.peer);
    this.ipcp.protocol.maxPacketBytes = this.lcp.peer.mru;
    const local = this.lcp.local.auth;
    const peer = this.lcp.peer.auth;
    if (local !== undefined || peer !== undefined) this.#setPhase("Authenticate");
    this.#authentication.start(local, peer);
  }

  #enterNetwork(): void {
    this.#setPhase("Network");
    this.ipcp.protocol.open();
    this.ipcp.protocol.lowerUp();
  }

  #ipcpUp(result: IpcpResult): void {
    this.#owner.networkUp({
      ...result,
      mtu: this.mtu,
      local: this.lcp.local,
      peer: this.lcp.peer,
      peerName: this.#authentication.peerName,
    });
  }

  /** IPCP is the only network protocol: without it the link is of no use. */
  #ipcpFinished(end: CpEnd): void {
    if (this.lcp.state === "Opened") this.#closeWith(end, this.ipcp.protocol.terminateText || "IPCP");
  }

  #lcpDown(): void {
    this.#authentication.stop();
    if (this.ipcp.protocol.state !== "Initial" && this.ipcp.protocol.state !== "Starting") {
      this.ipcp.protocol.lowerDown();
    }
    this.#owner.framingChanged(defaultLcpSettings());
    this.#notePhase();
  }

  #lcpFinished(end: CpEnd): void {
    // From Stopped to Closed: a late packet of this session must not begin another by itself.
    if (this.lcp.state === "Stopped") this.lcp.protocol.close();
    const isImpossible = this.lcp.isAuthRefusedByUs && end !== "closed";
    const reason = this.#end ?? (isImpossible ? "authentication-impossible" : end);
    this.#message ||= this.lcp.protocol.terminateText;
    this.#reportEnd(reason);
  }

  #protocolRejected(protocol: number): void {
    if (protocol === PPP_IPCP) this.ipcp.protocol.protocolRejected();
    else if (isAuthenticationProtocol(protocol)) this.#authentication.protocolRejected(protocol);
  }

  #closeWith(end: PppEnd, message: string): void {
    const { state } = this.lcp;
    if (state === "Initial" || state === "Closed" || state === "Stopped") return; // it is over already
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
