/** {@linkcode Lcp}: the Link Control Protocol (RFC 1661 §5), with its keep-alive by Echo-Request.
 *
 * @module
 */
import type { Random, TimerQueue } from "@lightwire/netif";
import { ControlProtocol, type ControlProtocolOptions, type CpEnd } from "./control_protocol.ts";
import { CP_CODE, type CpPacket, peerText } from "./cp_packet.ts";
import { LcpEcho, type LcpEchoOptions } from "./lcp_echo.ts";
import { LcpNegotiation, type LcpSettings, type LcpWishes } from "./lcp_options.ts";
import type { NegotiationState } from "./negotiation_state.ts";
import { PPP_LCP } from "./ppp_protocol_number.ts";

/** What {@linkcode Lcp} tells its owner. */
export interface LcpOwner {
  /** Sends an LCP packet: never compressed, and with the default ACCM. */
  lcpSend(packet: Uint8Array): void;
  /** The link is agreed on. */
  lcpUp(): void;
  /** It is not any more. */
  lcpDown(): void;
  /** LCP is at its end. */
  lcpFinished(end: CpEnd): void;
  /** The peer does not speak a protocol. */
  protocolRejected(protocol: number): void;
}

/** Options of {@linkcode Lcp}. */
export interface LcpOptions extends ControlProtocolOptions, LcpWishes, LcpEchoOptions {
  /** What to tell the peer about us once the link is agreed on (Identification, RFC 1570 §2.1); nothing by default. */
  readonly identification?: string;
}

const MAGIC_LENGTH = 4;

/** LCP of one link. */
export class Lcp {
  /** What the peer said about itself (Identification); "" if nothing. */
  peerIdentification: string = "";
  /** What the peer said last about the end of the session (Time-Remaining): seconds, or −1. */
  timeRemainingSeconds: number = -1;
  /** Keep-alive. */
  readonly echo: LcpEcho;
  /** The protocol below the options. */
  readonly protocol: ControlProtocol;
  readonly #negotiation: LcpNegotiation;
  readonly #owner: LcpOwner;
  readonly #identification: string;

  /** Makes LCP in state Initial. */
  constructor(timers: TimerQueue, random: Random, owner: LcpOwner, options: LcpOptions = {}) {
    this.#owner = owner;
    this.#identification = options.identification ?? "";
    this.#negotiation = new LcpNegotiation(random, options);
    this.protocol = new ControlProtocol(timers, this.#negotiation, {
      send: (packet) => owner.lcpSend(packet),
      up: () => this.#up(),
      down: () => {
        this.echo.stop();
        this.protocol.maxPacketBytes = 1500;
        owner.lcpDown();
      },
      finished: (end) => owner.lcpFinished(end),
      otherCode: (packet) => this.#otherCode(packet),
      restarted: () => {
        this.#negotiation.isAuthRefusedByUs = false;
      },
      codeRejected: (code) => {
        if (code === CP_CODE.ECHO_REQUEST) this.echo.stop();
      },
    }, options);
    const negotiation = this.#negotiation;
    this.echo = new LcpEcho(timers, {
      get localMagic() {
        return negotiation.local.magic;
      },
      echoSend: (code, id, data) => this.protocol.send(code, id, data),
      echoId: () => this.protocol.newId(),
      echoFailed: (isLooped) => this.protocol.close(isLooped ? "loopback" : "peer-dead"),
    }, options);
    this.#negotiation.onLoopback = () => this.protocol.close("loopback");
    this.#negotiation.onAuthRefused = () => this.protocol.close("authentication-refused");
  }

  /** State of the automaton. */
  get state(): NegotiationState {
    return this.protocol.state;
  }

  /** How the peer sends to us. */
  get local(): Readonly<LcpSettings> {
    return this.#negotiation.local;
  }

  /** How we send to the peer. */
  get peer(): Readonly<LcpSettings> {
    return this.#negotiation.peer;
  }

  /** Our MRU is not larger than this, in negotiations that begin from now on; for a carrier that has found out. */
  limitMru(octets: number): void {
    this.#negotiation.mruLimit = octets;
  }

  /** Echo-Replies received. */
  get echoReplies(): number {
    return this.echo.replies;
  }

  /** Round trip of the last Echo, in milliseconds; −1 before the first. */
  get echoRoundTripMs(): number {
    return this.echo.roundTripMs;
  }

  /** Whether the peer wanted an authentication that we cannot do. */
  get isAuthRefusedByUs(): boolean {
    return this.#negotiation.isAuthRefusedByUs;
  }

  /** Rejects a packet of a protocol that we do not speak; only once LCP is opened (RFC 1661 §5.7).
   *
   * @param bytes The information field is `bytes[start … end]`.
   */
  rejectProtocol(protocol: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.state !== "Opened") return;
    const data = new Uint8Array(2 + end - start);
    data.set([protocol >>> 8, protocol & 0xff]);
    data.set(bytes.subarray(start, end), 2);
    this.protocol.send(CP_CODE.PROTOCOL_REJECT, this.protocol.newId(), data);
  }

  #up(): void {
    this.protocol.maxPacketBytes = this.peer.mru;
    this.peerIdentification = "";
    this.timeRemainingSeconds = -1;
    this.echo.start();
    if (this.#identification !== "") this.#identify();
    this.#owner.lcpUp();
  }

  #identify(): void {
    const text = new TextEncoder().encode(this.#identification);
    const data = new Uint8Array(MAGIC_LENGTH + text.length);
    new DataView(data.buffer).setUint32(0, this.local.magic);
    data.set(text, MAGIC_LENGTH);
    this.protocol.send(CP_CODE.IDENTIFICATION, this.protocol.newId(), data);
  }

  #otherCode(packet: CpPacket): boolean {
    const isOpened = this.state === "Opened";
    switch (packet.code) {
      case CP_CODE.ECHO_REQUEST:
      case CP_CODE.ECHO_REPLY:
        if (isOpened) this.echo.input(packet);
        return true;
      case CP_CODE.PROTOCOL_REJECT:
        if (isOpened && packet.data.length >= 2) {
          const protocol = (packet.data[0]! << 8) | packet.data[1]!;
          if (protocol === PPP_LCP) this.protocol.protocolRejected();
          else this.#owner.protocolRejected(protocol);
        }
        return true;
      case CP_CODE.IDENTIFICATION:
        this.peerIdentification = peerText(packet.data.subarray(MAGIC_LENGTH));
        return true;
      case CP_CODE.TIME_REMAINING:
        if (packet.data.length >= 2 * MAGIC_LENGTH) {
          const { buffer, byteOffset } = packet.data;
          this.timeRemainingSeconds = new DataView(buffer, byteOffset).getUint32(MAGIC_LENGTH);
        }
        return true;
      case CP_CODE.DISCARD_REQUEST:
        return true;
      default:
        return false;
    }
  }
}
