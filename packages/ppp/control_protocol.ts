/** {@linkcode ControlProtocol}: what LCP and the network control protocols share above the automaton: packets, identifiers,
 * the exchange of options and its bounds.
 *
 * @module
 */
import type { TimerQueue } from "@lightwire/netif";
import { NegotiationAutomaton, type NegotiationOptions } from "./negotiation_automaton.ts";
import type { NegotiationState } from "./negotiation_state.ts";
import {
  CP_CODE,
  CP_HEADER_LENGTH,
  type CpOption,
  type CpPacket,
  emitCpOptions,
  emitCpPacket,
  equalBytes,
  parseCpOptions,
  peerText,
} from "./cp_packet.ts";

/** Why a control protocol came to its end. */
export type CpEnd =
  | "closed" // by us
  | "terminated-by-peer"
  | "timeout" // no answer to our requests
  | "not-converging" // refusals without end
  | "rejected-by-peer" // Protocol-Reject, or Code-Reject of a code nobody can do without
  | "loopback" // our own packets come back
  | "peer-dead" // echoes unanswered
  | "authentication-refused" // the peer does not want to authenticate itself
  | "no-address"; // IPCP without an address for us

/** The options of one protocol: what we want, and what we think of what the peer wants. */
export interface OptionNegotiation {
  /** A negotiation begins: forget what was agreed on. */
  begin(): void;
  /** The options of our next Configure-Request. */
  request(): CpOption[];
  /** Judges an option of the peer's request: agreed, refused for good, or another value to suggest. */
  judge(option: CpOption): "ack" | "reject" | CpOption;
  /** Whether to suggest another value for this type as often as it takes, without ever rejecting it. */
  insistsOn(type: number): boolean;
  /** Whether a request may be our own that came back; then only what {@linkcode insistsOn} names is judged, since a refusal
   * of anything else would come back as well, as if the peer refused it to us. */
  isPerhapsOurs?(options: readonly CpOption[]): boolean;
  /** Options to suggest in addition to those in the peer's request (RFC 1661 §5.3). */
  missing(options: readonly CpOption[]): CpOption[];
  /** The peer's request is acknowledged: use its options, and defaults for others. */
  accept(options: readonly CpOption[]): void;
  /** The peer has acknowledged our request. */
  acknowledged(options: readonly CpOption[]): void;
  /** The peer suggests another value. */
  suggested(option: CpOption): void;
  /** The peer does not know an option of ours, or does not want it. */
  refused(option: CpOption): void;
}

/** What a {@linkcode ControlProtocol} tells its owner. */
export interface ControlProtocolOwner {
  /** Sends a packet; copies it. */
  send(packet: Uint8Array): void;
  /** Opened. */
  up(): void;
  /** Not opened any more. Causes no event of the same protocol. */
  down(): void;
  /** At its end; nothing is sent any more. */
  finished(end: CpEnd): void;
  /** A packet with a code above 7, while the lower layer is up.
   *
   * @returns whether the code is known; if not, a Code-Reject follows.
   */
  otherCode(packet: CpPacket): boolean;
  /** The peer does not know a code above 7. */
  codeRejected?(code: number): void;
  /** A negotiation begins that has nothing to do with one before. */
  restarted?(): void;
}

/** Bounds of a negotiation. */
export interface ControlProtocolOptions extends NegotiationOptions {
  /** Max-Failure: our Configure-Naks in a row before a Configure-Reject is sent instead (RFC 1661 §4.6); default 5. */
  readonly maxFailure?: number;
  /** The peer's Naks and Rejects in a row, or ours, before giving up; default 20. */
  readonly maxRefusals?: number;
}

/** Max-Failure by default (RFC 1661 §4.6). */
export const DEFAULT_MAX_FAILURE = 5;
/** Refusals in a row, of each side, by default. */
export const DEFAULT_MAX_REFUSALS = 20;

/** One control protocol of one link. */
export class ControlProtocol {
  /** Packets dropped because they are malformed. */
  malformed: number = 0;
  /** Answers dropped because their identifier or content is not that of our last request (RFC 1661 §5.2). */
  unmatched: number = 0;
  /** Longest packet to send: the peer's MRU. */
  maxPacketBytes: number = 1500;
  /** What the peer said in its Terminate-Request, or "". */
  terminateText: string = "";
  readonly #owner: ControlProtocolOwner;
  readonly #negotiation: OptionNegotiation;
  readonly #automaton: NegotiationAutomaton;
  readonly #maxFailure: number;
  readonly #maxRefusals: number;
  #end: CpEnd | undefined;
  #nextId = 1;
  #requestId = -1;
  #requestOptions: CpOption[] = [];
  #peerOptions: CpOption[] = [];
  #response: Uint8Array = new Uint8Array(0);
  #received: CpPacket = { code: 0, id: 0, data: new Uint8Array(0) };
  #failures = 0;
  #refusals = 0;
  #hasBegun = false;
  #ownRefusals = 0;

  /** Makes a protocol in state Initial. */
  constructor(
    timers: TimerQueue,
    negotiation: OptionNegotiation,
    owner: ControlProtocolOwner,
    options: ControlProtocolOptions = {},
  ) {
    this.#owner = owner;
    this.#negotiation = negotiation;
    this.#maxFailure = options.maxFailure ?? DEFAULT_MAX_FAILURE;
    this.#maxRefusals = options.maxRefusals ?? DEFAULT_MAX_REFUSALS;
    this.#automaton = new NegotiationAutomaton(timers, {
      tlu: () => owner.up(),
      tld: () => {
        owner.down();
        if (!this.#hasBegun) this.#begin();
        this.#hasBegun = false;
      },
      tls: () => {},
      tlf: () => owner.finished(this.#endReason()),
      scr: () => this.#sendRequest(),
      sca: () => {
        this.#negotiation.accept(this.#peerOptions);
        this.#owner.send(this.#response);
      },
      scn: () => this.#owner.send(this.#response),
      str: () => this.send(CP_CODE.TERMINATE_REQUEST, this.newId(), new Uint8Array(0)),
      sta: () => this.send(CP_CODE.TERMINATE_ACK, this.#received.id, new Uint8Array(0)),
      scj: () => this.#sendCodeReject(),
      ser: () => {},
    }, options);
  }

  /** State of the automaton. */
  get state(): NegotiationState {
    return this.#automaton.state;
  }

  /** Why it is coming to its end; `undefined` while it is not. */
  get pendingEnd(): CpEnd | undefined {
    return this.#end;
  }

  /** The lower layer is up. */
  lowerUp(): void {
    if (this.state === "Initial" || this.state === "Starting") this.#restart();
    this.#automaton.handle("Up");
  }

  /** The lower layer is down. */
  lowerDown(): void {
    this.#automaton.handle("Down");
  }

  /** The protocol may negotiate. */
  open(): void {
    if (this.state === "Initial" || this.state === "Closed") this.#restart();
    this.#automaton.handle("Open");
  }

  /** Ends it, with a Terminate-Request if there is something to end.
   *
   * @param end What to report as the reason.
   */
  close(end: CpEnd = "closed"): void {
    this.#end ??= end;
    this.#automaton.handle("Close");
  }

  /** The peer has rejected the whole protocol. */
  protocolRejected(): void {
    this.#end ??= "rejected-by-peer";
    this.#automaton.handle("RXJ-");
  }

  /** A packet of this protocol has arrived. */
  input(packet: CpPacket): void {
    if (this.state === "Initial" || this.state === "Starting") return;
    this.#received = packet;
    switch (packet.code) {
      case CP_CODE.CONFIGURE_REQUEST:
        return this.#inputRequest(packet);
      case CP_CODE.CONFIGURE_ACK:
        return this.#inputAck(packet);
      case CP_CODE.CONFIGURE_NAK:
      case CP_CODE.CONFIGURE_REJECT:
        return this.#inputRefusal(packet);
      case CP_CODE.TERMINATE_REQUEST:
        this.terminateText = peerText(packet.data);
        if (this.state === "Opened") this.#end ??= "terminated-by-peer";
        return this.#automaton.handle("RTR");
      case CP_CODE.TERMINATE_ACK:
        return this.#automaton.handle("RTA");
      case CP_CODE.CODE_REJECT:
        return this.#inputCodeReject(packet);
      default:
        this.#automaton.handle(this.#owner.otherCode(packet) ? "RXR" : "RUC");
    }
  }

  /** Sends a packet, cut to the peer's MRU. */
  send(code: number, id: number, data: Uint8Array): void {
    this.#owner.send(emitCpPacket(code, id, data.subarray(0, this.maxPacketBytes - CP_HEADER_LENGTH)));
  }

  /** An identifier that the last 255 packets did not have. */
  newId(): number {
    const id = this.#nextId;
    this.#nextId = (id + 1) & 0xff;
    return id;
  }

  #restart(): void {
    this.#begin();
    this.#owner.restarted?.();
    this.#end = undefined;
    this.terminateText = "";
  }

  #begin(): void {
    this.#failures = 0;
    this.#refusals = 0;
    this.#ownRefusals = 0;
    this.#requestId = -1;
    this.#negotiation.begin();
  }

  #endReason(): CpEnd {
    if (this.#end !== undefined) return this.#end;
    return this.#automaton.lastEvent === "TO-" ? "timeout" : "rejected-by-peer";
  }

  #sendRequest(): void {
    this.#requestOptions = this.#negotiation.request();
    this.#requestId = this.newId();
    this.send(CP_CODE.CONFIGURE_REQUEST, this.#requestId, emitCpOptions(this.#requestOptions));
  }

  #sendCodeReject(): void {
    const { code, id, data } = this.#received;
    this.send(CP_CODE.CODE_REJECT, this.newId(), emitCpPacket(code, id, data));
  }

  #inputRequest(packet: CpPacket): void {
    const options = parseCpOptions(packet.data);
    if (options === undefined) {
      this.malformed++;
      return;
    }
    // In these states nothing is judged: the answer is a Terminate-Ack, or none (RFC 1661 §4.1).
    if (this.state === "Closed" || this.state === "Closing" || this.state === "Stopping") {
      return this.#automaton.handle("RCR+");
    }
    if (this.state === "Stopped") this.#restart(); // a new negotiation, of the peer's making
    // It is judged by what we shall ask for, not by what was agreed on before (RFC 1661 §4.4, This-Layer-Down follows).
    if (this.state === "Opened") {
      this.#begin();
      this.#hasBegun = true;
    }
    let code: number = CP_CODE.CONFIGURE_ACK;
    let answer: CpOption[] = options;
    const rejected: CpOption[] = [];
    const suggested: CpOption[] = [];
    const disliked: CpOption[] = [];
    let isInsisting = false;
    const isOurs = this.#negotiation.isPerhapsOurs?.(options) === true;
    for (const option of options) {
      if (isOurs && !this.#negotiation.insistsOn(option.type)) continue;
      const verdict = this.#negotiation.judge(option);
      if (verdict === "reject") rejected.push(option);
      else if (verdict !== "ack") {
        suggested.push(verdict);
        if (this.#negotiation.insistsOn(option.type)) isInsisting = true;
        else disliked.push(option);
      }
    }
    suggested.push(...this.#negotiation.missing(options));
    if (rejected.length > 0 || (disliked.length > 0 && this.#failures >= this.#maxFailure)) {
      code = CP_CODE.CONFIGURE_REJECT;
      answer = rejected.length > 0 ? rejected : disliked;
    } else if (suggested.length > 0 && (isInsisting || this.#failures < this.#maxFailure)) {
      code = CP_CODE.CONFIGURE_NAK;
      answer = suggested;
      this.#failures++;
    } else this.#failures = 0;
    this.#ownRefusals = code === CP_CODE.CONFIGURE_ACK ? 0 : this.#ownRefusals + 1;
    if (this.#ownRefusals > this.#maxRefusals) return this.close("not-converging");
    // A judgement can end the protocol (a loop-back): then there is nothing to answer.
    if (this.#end !== undefined) return;
    this.#peerOptions = options;
    this.#response = emitCpPacket(code, packet.id, emitCpOptions(answer));
    this.#automaton.handle(code === CP_CODE.CONFIGURE_ACK ? "RCR+" : "RCR-");
  }

  #inputAck(packet: CpPacket): void {
    if (packet.id !== this.#requestId || !equalBytes(packet.data, emitCpOptions(this.#requestOptions))) {
      this.unmatched++;
      return;
    }
    this.#requestId = -1; // a second Ack for the same request must not tear down what is open
    this.#refusals = 0;
    this.#negotiation.acknowledged(this.#requestOptions);
    if (this.#end === undefined) this.#automaton.handle("RCA");
  }

  #inputRefusal(packet: CpPacket): void {
    const options = parseCpOptions(packet.data);
    if (packet.id !== this.#requestId) {
      this.unmatched++;
      return;
    }
    if (options === undefined) {
      this.malformed++;
      return;
    }
    const isForeign = (option: CpOption) =>
      !this.#requestOptions.some(({ type, data }) => type === option.type && equalBytes(data, option.data));
    if (packet.code === CP_CODE.CONFIGURE_REJECT && options.some(isForeign)) { // we never asked for that (RFC 1661 §5.4)
      this.unmatched++;
      return;
    }
    this.#requestId = -1;
    for (const option of options) {
      if (packet.code === CP_CODE.CONFIGURE_NAK) this.#negotiation.suggested(option);
      else this.#negotiation.refused(option);
    }
    if (++this.#refusals > this.#maxRefusals) return this.close("not-converging");
    if (this.#end === undefined) this.#automaton.handle("RCN");
  }

  #inputCodeReject(packet: CpPacket): void {
    const code = packet.data.length > 0 ? packet.data[0]! : 0;
    const isVital = code >= CP_CODE.CONFIGURE_REQUEST && code <= CP_CODE.CODE_REJECT;
    if (!isVital) this.#owner.codeRejected?.(code);
    this.#automaton.handle(isVital ? "RXJ-" : "RXJ+");
  }
}
