/** {@linkcode Flow}: the connection a script plays with: from its relative numbers to those on the wire, and back.
 *
 * @module
 */
import type { IpAddress } from "@lightwire/ip";
import { ACK, formatControlBits, formatSegment, PSH, RST, type Segment, SYN, URG } from "@lightwire/tcp";
import {
  encodeIcmpError,
  encodeOptions,
  encodePacket,
  type ReceivedSegment,
  type SegmentText,
} from "@lightwire/tcp/harness";
import type { IcmpText, TcpText } from "./packet_text.ts";

/** The peer's initial sequence number: every script crosses the wrap. */
const IRS = 0xffff_fc00;

/** The octet of a stream at a relative sequence number: 1 is the first. */
export function patternOctet(offset: number): number {
  return (offset + (offset >>> 8) * 3) & 0xff;
}

/** `length` octets of the pattern from the relative sequence number `offset` on. */
export function pattern(offset: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => patternOctet(offset + i));
}

/** What a flow runs between. */
export interface FlowEnds {
  /** Our address. */
  readonly local: IpAddress;
  /** The peer's. */
  readonly remote: IpAddress;
  /** Our port. */
  readonly localPort: number;
  /** The peer's. */
  readonly remotePort: number;
}

/** Two ends, and what the script's numbers count from. They are relative but in a SYN: one that begins at 1000 makes 1001 of the first
 * octet there, and 1 from then on. */
export class Flow {
  /** Ours. */
  readonly localPort: number;
  /** The peer's. */
  readonly remotePort: number;
  /** The user sends something else than the pattern. */
  hasForeignText: boolean = false;
  readonly #ends: FlowEnds;
  readonly #tsTickUs: number;
  /** A handshake has begun, and our SYN may have any sequence number. */
  #isOpening = true;
  #iss = 0;
  /** Sequence numbers of the two SYNs in the script. */
  #scriptIss = 0;
  #scriptIrs: number | undefined = undefined;
  /** Where the peer's text begins: one behind its last SYN. */
  #textStart = 1;
  /** Relative end of the text that was sent. */
  #sentUntil = 0;
  /** TSval in the script, to what was on the wire. */
  readonly #timestamps = new Map<number, number>();
  #firstTimestamp: readonly [number, number] | undefined = undefined;

  /** A flow on which nothing was sent.
   *
   * @param tsTickUs what a step of our timestamp clock is, to check it; 0: not checked.
   */
  constructor(ends: FlowEnds, tsTickUs: number) {
    this.#ends = ends;
    this.localPort = ends.localPort;
    this.remotePort = ends.remotePort;
    this.#tsTickUs = tsTickUs;
  }

  /** The peer begins anew: our next SYN may have any sequence number. */
  reopen(): void {
    this.#isOpening = true;
  }

  /** Whether a segment of ours belongs here. */
  owns(seg: Segment): boolean {
    return seg.sourcePort === this.localPort && seg.destinationPort === this.remotePort;
  }

  /** The packet that the peer sends. */
  encode({ segment, ip }: TcpText): Uint8Array {
    const isSyn = (segment.ctl & SYN) !== 0;
    if (isSyn) this.#scriptIrs ??= segment.seq ?? 0;
    const irs = this.#scriptIrs ?? 0;
    const seq = relative(segment.seq ?? 0, irs, isSyn);
    const ack = relative(segment.ack ?? 0, this.#scriptIss, isSyn);
    if (isSyn) this.#textStart = seq + 1;
    return encodePacket({
      source: this.#ends.remote,
      destination: this.#ends.local,
      sourcePort: this.remotePort,
      destinationPort: this.localPort,
      seq: (IRS + seq) >>> 0,
      // Without a number, the bit alone acknowledges our SYN's.
      ack: segment.ack === undefined && (segment.ctl & ACK) === 0 ? 0 : (this.#iss + ack) >>> 0,
      ctl: segment.ctl,
      wnd: segment.win ?? 0,
      up: segment.urg ?? 0,
      options: encodeOptions(
        segment.options ?? [],
        (ecr) => this.#wireTimestamp(ecr),
        (edge) => (relative(edge, this.#scriptIss, false) + this.#iss) >>> 0,
      ),
      text: pattern((isSyn ? seq + 1 : seq) - this.#textStart + 1, segment.length),
      tos: (ip.tos ?? 0) | (ip.ecn?.[0] ?? 0),
      ttl: ip.ttl,
    });
  }

  /** An ICMP error about a segment of ours. */
  encodeIcmp(icmp: IcmpText, lastSent: Uint8Array | undefined): Uint8Array {
    const quoted = icmp.seq === undefined && lastSent !== undefined ? lastSent : encodePacket({
      source: this.#ends.local,
      destination: this.#ends.remote,
      sourcePort: this.localPort,
      destinationPort: this.remotePort,
      seq: (this.#iss + (icmp.seq ?? 0)) >>> 0,
      ctl: ACK,
      text: new Uint8Array(icmp.length),
    });
    return encodeIcmpError(icmp.type, icmp.code, this.#ends.remote, quoted, icmp.mtu);
  }

  /** Whether text of a segment of ours was in one before; to be asked in the order they were sent. */
  isRepeated(seg: Segment): boolean {
    const end = ((seg.seq - this.#iss) >>> 0) + seg.textLength;
    if (seg.textLength === 0 || end > this.#sentUntil) {
      if (seg.textLength > 0) this.#sentUntil = end;
      return false;
    }
    return true;
  }

  /** Whether a packet of ours probes a closed window, as the script's does: that of RFC 9293 §3.8.6.1 with the next octet of the text,
   * Linux's without text, one before it. */
  isProbe(packet: ReceivedSegment, expected: TcpText): boolean {
    const { seg, text } = packet;
    const { segment } = expected;
    return text.length === 1 && segment.length === 0 && segment.seq !== undefined &&
      relative(segment.seq, this.#scriptIss, false) + 1 === ((seg.seq - this.#iss) >>> 0) &&
      ((seg.ctl ^ segment.ctl) & ~PSH) === 0;
  }

  /** What is wrong with a packet of ours, `undefined` when it is what the script says.
   *
   * @param isPushCompared whether PSH must be as the script has it.
   * @param isAnyWindow the window is not looked at.
   */
  compare(
    packet: ReceivedSegment,
    expected: TcpText,
    isPushCompared: boolean = true,
    isAnyWindow: boolean = false,
  ): string | undefined {
    const { seg, text, tos, ttl } = packet;
    const { segment, ip } = expected;
    if (((seg.ctl ^ segment.ctl) & (isPushCompared ? ~0 : ~PSH)) !== 0) {
      return `its flags are ${formatControlBits(seg.ctl)}`;
    }
    const isSyn = (seg.ctl & SYN) !== 0;
    if (this.#isOpening && isSyn && segment.seq !== undefined) {
      this.#iss = seg.seq;
      this.#scriptIss = segment.seq;
      this.#isOpening = false;
    }
    const seq = (seg.seq - this.#iss) >>> 0;
    const expectedSeq = segment.seq === undefined ? seq : relative(segment.seq, this.#scriptIss, isSyn);
    // A reset that answers a segment without ACK has sequence number 0, and not a relative one.
    const isBareReset = (seg.ctl & RST) !== 0 && (seg.ctl & ACK) !== 0 && seg.seq === 0 && segment.seq === 0;
    if (seq !== expectedSeq && !isBareReset) return `it begins at ${seq}`;
    if (text.length !== segment.length) return `it has ${text.length} octets of text`;
    const ack = (seg.ack - IRS) >>> 0;
    const expectedAck = segment.ack === undefined ? ack : relative(segment.ack, this.#scriptIrs ?? 0, isSyn);
    if (ack !== expectedAck) return `it acknowledges ${ack}`;
    if (!isAnyWindow && segment.win !== undefined && seg.wnd !== segment.win) {
      return `its window is ${seg.wnd}`;
    }
    if (segment.urg !== undefined && ((seg.ctl & URG) === 0 || seg.up !== segment.urg)) {
      return `its urgent pointer is ${seg.up}`;
    }
    if (ip.ecn !== undefined && !ip.ecn.includes(tos & 3)) return `its ECN field is ${tos & 3}`;
    if (ip.tos !== undefined && tos !== ip.tos) return `its type of service is 0x${tos.toString(16)}`;
    if (ip.ttl !== undefined && ttl !== ip.ttl) return `its TTL is ${ttl}`;
    return this.#compareText(seg, text, seq) ?? this.#compareOptions(seg, segment) ??
      compareCookie(packet, segment);
  }

  /** One line, with the script's numbers. */
  format(seg: Segment): string {
    return formatSegment(seg, this.#iss, IRS);
  }

  #compareText(seg: Segment, text: Uint8Array, seq: number): string | undefined {
    // The octet before the first is a keep-alive's rubbish.
    if (this.hasForeignText || seq === 0 && (seg.ctl & SYN) === 0) return undefined;
    const first = (seg.ctl & SYN) === 0 ? seq : seq + 1;
    const wrong = text.findIndex((octet, i) => octet !== patternOctet(first + i));
    return wrong < 0 ? undefined : `octet ${first + wrong} is not what was written`;
  }

  /** Padding and order do not count; without a list there must be no option, with `...` there may be others. */
  #compareOptions(seg: Segment, segment: SegmentText): string | undefined {
    const options = segment.options ?? [];
    const isOpen = options.some((o) => o.kind === "...");
    let mss = 0;
    let windowShift = -1;
    let sackPermitted = false;
    let hasTimestamps = false;
    let sack = "";
    for (const option of options) {
      if (option.kind === "mss") mss = option.value;
      else if (option.kind === "wscale") windowShift = option.value;
      else if (option.kind === "sackOK") sackPermitted = true;
      else if (option.kind === "sack") sack = option.blocks.map(([l, r]) => `${l}:${r}`).join(" ");
      else if (option.kind === "TS") {
        hasTimestamps = true;
        const problem = this.#compareTimestamps(seg, option.val, option.ecr);
        if (problem !== undefined) return problem;
      }
    }
    const blocks = Array.from(
      { length: seg.sackCount },
      (_, i) => `${(seg.sackLeft[i]! - IRS) >>> 0}:${(seg.sackRight[i]! - IRS) >>> 0}`,
    ).join(" ");
    if (mss !== seg.mss && (mss > 0 || !isOpen)) return `its MSS option is ${seg.mss}`;
    if (windowShift !== seg.windowShift && (windowShift >= 0 || !isOpen)) {
      return `its window scale option is ${seg.windowShift}`;
    }
    if (sackPermitted !== seg.sackPermitted && (sackPermitted || !isOpen)) {
      return seg.sackPermitted ? "it permits SACK" : "it does not permit SACK";
    }
    if (hasTimestamps !== seg.hasTimestamps && !isOpen) return "it has timestamps";
    if (sack !== blocks && (sack !== "" || !isOpen)) return `its SACK blocks are ${blocks || "missing"}`;
    return undefined;
  }

  #compareTimestamps(seg: Segment, val: number, ecr: number | undefined): string | undefined {
    if (!seg.hasTimestamps) return "it has no timestamps";
    if (ecr !== undefined && seg.tsEcr !== ecr) return `its TSecr is ${seg.tsEcr}`;
    const first = this.#firstTimestamp ??= [val, seg.tsVal];
    if (this.#tsTickUs > 0 && (first[1] + val - first[0]) >>> 0 !== seg.tsVal) {
      return `its TSval is ${(seg.tsVal - first[1] + first[0]) >>> 0}`;
    }
    this.#timestamps.set(val, seg.tsVal);
    return undefined;
  }

  #wireTimestamp(relative: number): number {
    const first = this.#firstTimestamp;
    if (first === undefined || relative === 0) return relative;
    return this.#timestamps.get(relative) ?? (first[1] + relative - first[0]) >>> 0;
  }
}

/** A sequence number of the script as its distance from the SYN's. In a SYN it is absolute; elsewhere if it is not smaller than that. */
function relative(number: number, base: number, isSyn: boolean): number {
  return isSyn || number >= base ? (number - base) >>> 0 : number;
}

function hex(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}

/** Fast Open's option (RFC 7413 §4.1.1): a request, or a cookie octet by octet. */
function compareCookie(packet: ReceivedSegment, segment: SegmentText): string | undefined {
  const { fastOpenCookie: cookie, isFastOpenExperimental: isExperiment } = packet;
  const options = segment.options ?? [];
  const expected = options.find((o) => o.kind === "FO");
  if (expected === undefined && options.some((o) => o.kind === "...")) return undefined;
  const isSame = expected?.cookie.join() === cookie?.join();
  if (isSame && (expected === undefined || expected.isExperiment === isExperiment)) return undefined;
  return cookie === undefined
    ? "it has no Fast Open option"
    : `its Fast Open ${isExperiment ? "experiment" : "cookie"} is [${hex(cookie)}]`;
}
