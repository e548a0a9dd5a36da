/** {@linkcode FrameChecker}: looks at every frame that either host emits, and knows what may never be seen on a wire.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import { BIT, WireReader } from "./wire_reader.ts";

/** MSS of a peer that announces none (RFC 9293 §3.7.1). */
const DEFAULT_MSS = 536;

/** What one end of a connection has put on the wire so far. */
class EndRecord {
  /** Octets it was given to send, all that it may ever send. */
  readonly stream: Uint8Array;
  iss = -1;
  /** Octets of the stream sent at least once. */
  sentOctets = 0;
  /** Offset of its FIN in the stream, −1 before it was sent. */
  finOffset = -1;
  mss = 0;
  windowShift = -1;
  /** ECE and CWR of its SYNs. */
  ecnBits = 0;
  hasTimestamps = false;
  sackPermitted = false;
  /** Highest acknowledgment, as an offset in the peer's stream. */
  acked = -1;
  /** Highest right edge of the receive window, as an offset in the peer's stream. */
  rightEdge = 0;
  tsVal = -1;

  constructor(stream: Uint8Array) {
    this.stream = stream;
  }
}

/** A connection, as seen on the wire: end 0 is host A, end 1 host B. */
class FlowRecord {
  readonly ends: [EndRecord, EndRecord];
  /** A reset was sent: a duplicate of the SYN may begin anew. */
  wasReset = false;

  constructor(fromA: Uint8Array, fromB: Uint8Array) {
    this.ends = [new EndRecord(fromA), new EndRecord(fromB)];
  }
}

/** Options of a {@linkcode FrameChecker}. */
export interface FrameCheckerOptions {
  /** Kind of link. */
  readonly medium: "ethernet" | "ip";
  /** Largest IP packet. */
  readonly mtu: number;
  /** Address of host A, 32 bits. */
  readonly addressA: number;
  /** Address of host B, 32 bits. */
  readonly addressB: number;
}

/** Checks, for each frame emitted: it parses, fits the MTU, has right checksums. For each segment of a known connection: the
 * octets are those of the stream, at their place; nothing behind the FIN, which never moves; nothing beyond the peer's
 * window (one octet of a probe excepted) or MSS; nothing acknowledged that was not sent; acknowledgments and right window
 * edges never go back; options only as negotiated. */
export class FrameChecker {
  /** What was found wrong first, or `undefined`. */
  problem: string | undefined = undefined;
  /** Frames looked at. */
  frames = 0;
  /** Segments with text looked at. */
  textSegments = 0;
  /** Segments looked at that do nothing but acknowledge. */
  bareAcks = 0;
  #isSuperSegment = false;
  readonly #options: FrameCheckerOptions;
  readonly #reader = new WireReader();
  readonly #flows = new Map<number, FlowRecord>();
  readonly #scratch = new Uint8Array(70_000);
  readonly #view = new DataView(this.#scratch.buffer);

  /** A checker that knows no connection yet. */
  constructor(options: FrameCheckerOptions) {
    this.#options = options;
  }

  /** Announces a connection: which octets each end will send. Its key is the port at host B. */
  expectFlow(portB: number, fromA: Uint8Array, fromB: Uint8Array): void {
    this.#flows.set(portB, new FlowRecord(fromA, fromB));
  }

  /** Looks at one frame; borrows `p`. */
  check(p: Pbuf): void {
    if (this.problem !== undefined) return;
    this.frames++;
    let end = 0;
    for (let node: Pbuf | undefined = p; node !== undefined; node = node.next) {
      this.#scratch.set(node.bytes.subarray(node.start, node.end), end);
      end += node.end - node.start;
    }
    if (p.checksumStart >= 0) this.#completeChecksum(p.checksumStart - p.start, p.checksumOffset, end);
    this.#isSuperSegment = p.gsoSize > 0;
    const r = this.#reader;
    r.read(this.#view, end, this.#options.medium);
    const problem = r.problem ?? this.#checkPacket();
    if (problem !== undefined) this.problem = `${problem}: ${r.describe()}`;
  }

  /** What a driver with checksum offload does: the field holds the sum over the pseudo header. */
  #completeChecksum(from: number, offset: number, end: number): void {
    let sum = 0;
    for (let at = from; at < end; at += 2) {
      sum += at + 1 < end ? this.#view.getUint16(at) : this.#scratch[at]! << 8;
    }
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
    this.#view.setUint16(from + offset, ~sum & 0xffff);
  }

  #checkPacket(): string | undefined {
    const r = this.#reader;
    const { mtu, addressA, addressB } = this.#options;
    if (r.kind === "arp") return undefined;
    if (r.ipLength > mtu && !this.#isSuperSegment) {
      return `packet of ${r.ipLength} bytes exceeds the MTU of ${mtu}`;
    }
    const fromA = r.source === addressA && r.destination === addressB;
    if (!fromA && !(r.source === addressB && r.destination === addressA)) return undefined;
    if (r.protocol === 6 && r.kind !== "tcp") return "a segment was fragmented";
    if (r.kind !== "tcp") return undefined;
    const flow = this.#flows.get(fromA ? r.destinationPort : r.sourcePort);
    if (flow === undefined) return "segment of a connection nobody opened";
    // A reset answers what may be long forgotten: its numbers are the other side's affair (RFC 9293 §3.5.2).
    if (r.ctl & BIT.RST) {
      flow.wasReset = true;
      return r.textLength > 0 ? "text in a reset" : undefined;
    }
    if (flow.wasReset && (r.ctl & BIT.SYN) !== 0) {
      const { stream } = flow.ends[fromA ? 0 : 1];
      flow.ends[fromA ? 0 : 1] = new EndRecord(stream);
    }
    const own = flow.ends[fromA ? 0 : 1];
    const peer = flow.ends[fromA ? 1 : 0];
    return this.#checkSyn(own, peer) ?? this.#checkEcn(own, peer) ?? this.#checkText(own, peer) ??
      this.#checkAck(own, peer) ??
      this.#checkOptions(own, peer);
  }

  #checkSyn(own: EndRecord, peer: EndRecord): string | undefined {
    const r = this.#reader;
    if ((r.ctl & BIT.SYN) === 0) {
      if (own.iss < 0) return "segment before the SYN";
      if ((r.ctl & BIT.ACK) === 0) return "segment without ACK";
      return undefined;
    }
    if (r.ctl & BIT.FIN) return "SYN with FIN";
    if (r.textLength > 0) return "text in a SYN";
    if (own.iss >= 0 && own.iss !== r.seq) return `SYN with another number than ${own.iss}`;
    own.iss = r.seq;
    own.mss = r.mss;
    own.windowShift = r.windowShift;
    own.hasTimestamps = r.tsVal >= 0;
    own.sackPermitted = r.sackPermitted;
    if (r.mss === 0) return "SYN without an MSS";
    if (r.mss + 40 > this.#options.mtu) return `MSS ${r.mss} exceeds the MTU`;
    if (r.windowShift > 14) return "window shift above 14";
    if ((r.ctl & BIT.ACK) === 0) return undefined;
    if (r.windowShift >= 0 && peer.windowShift < 0) return "window scale answered, but not offered";
    if (r.sackPermitted && !peer.sackPermitted) return "SACK answered, but not offered";
    if (r.tsVal >= 0 && !peer.hasTimestamps) return "timestamps answered, but not offered";
    return undefined;
  }

  /** Only new text says that its transport understands ECN, once both sides have agreed (RFC 3168 §6.1.1, §6.1.4, §6.1.5). */
  #checkEcn(own: EndRecord, peer: EndRecord): string | undefined {
    const r = this.#reader;
    if (r.ctl & BIT.SYN) {
      // A SYN that is sent again may have given ECN up, while the peer has heard the first.
      own.ecnBits |= r.ctl & (BIT.ECE | BIT.CWR);
      return r.ecn === 0 ? undefined : "ECN field set in a SYN";
    }
    if (r.ecn === 0) return undefined;
    if (own.ecnBits === 0 || peer.ecnBits === 0) return "ECN field set, but not negotiated";
    if (r.ecn === 3) return "sent with congestion experienced";
    if (r.textLength === 0) return "ECN field set without text";
    if (((r.seq - own.iss - 1) | 0) < own.sentOctets) return "ECN field set in a retransmission";
    return undefined;
  }

  #checkText(own: EndRecord, peer: EndRecord): string | undefined {
    const r = this.#reader;
    const offset = r.ctl & BIT.SYN ? 0 : (r.seq - own.iss - 1) | 0;
    const end = offset + r.textLength;
    if (r.textLength > 0) {
      this.textSegments++;
      if (offset < 0 || end > own.stream.length) {
        return `octets ${offset} … ${end} of ${own.stream.length} sent`;
      }
      for (let i = 0; i < r.textLength; i++) {
        if (this.#scratch[r.textOffset + i] !== own.stream[offset + i]) return `octet ${offset + i} is wrong`;
      }
      if (own.finOffset >= 0 && end > own.finOffset) return "text behind the FIN";
      const mss = peer.mss === 0 ? DEFAULT_MSS : peer.mss;
      if (r.textLength + r.optionLength > mss && !this.#isSuperSegment) {
        return `text and options exceed the peer's MSS of ${mss}`;
      }
      // A probe of one octet may lie beyond the window (RFC 9293 §3.8.6.1).
      if (end > peer.rightEdge + 1) return `text up to ${end} beyond the window's edge at ${peer.rightEdge}`;
      own.sentOctets = Math.max(own.sentOctets, end);
    } else if (r.ctl === BIT.ACK) {
      this.bareAcks++;
    }
    if (r.textLength === 0 && own.iss >= 0 && offset > own.stream.length + 1) {
      // Not beyond what was seen, since what the queue of an unresolved neighbour dropped counts as sent.
      return `sequence number ${offset} beyond the end of the stream`;
    }
    if (r.ctl & BIT.FIN) {
      if (own.finOffset >= 0 && own.finOffset !== end) return `FIN moved from ${own.finOffset} to ${end}`;
      if (own.sentOctets > end) return "FIN in front of text already sent";
      own.finOffset = end;
    }
    return undefined;
  }

  #checkAck(own: EndRecord, peer: EndRecord): string | undefined {
    const r = this.#reader;
    if ((r.ctl & BIT.ACK) === 0) {
      own.rightEdge = Math.max(own.rightEdge, r.wnd);
      return undefined;
    }
    if (peer.iss < 0) return "acknowledgment of a SYN never sent";
    const acked = (r.ack - peer.iss - 1) | 0;
    const sendable = peer.finOffset >= 0 ? peer.finOffset + 1 : peer.sentOctets;
    if (acked < 0 || acked > sendable) return `acknowledgment of ${acked}, sent are ${sendable}`;
    if (acked < own.acked) return `acknowledgment went back from ${own.acked} to ${acked}`;
    own.acked = acked;
    const isScaled = (r.ctl & BIT.SYN) === 0 && own.windowShift >= 0 && peer.windowShift >= 0;
    const shift = isScaled ? own.windowShift : 0;
    const rightEdge = acked + r.wnd * 2 ** shift;
    // Scaling rounds down: the edge may seem to go back by less than one unit (RFC 7323 §2.4). A FIN takes a number
    // of its own, beyond what the window was about.
    if (rightEdge + 2 ** shift <= own.rightEdge) {
      return `right edge of the window went back from ${own.rightEdge} to ${rightEdge}`;
    }
    own.rightEdge = Math.max(own.rightEdge, rightEdge);
    return undefined;
  }

  #checkOptions(own: EndRecord, peer: EndRecord): string | undefined {
    const r = this.#reader;
    if (r.ctl & BIT.SYN) return undefined;
    if (r.mss > 0 || r.windowShift >= 0 || r.sackPermitted) return "option of a SYN without a SYN";
    const isStamped = own.hasTimestamps && peer.hasTimestamps;
    if (isStamped !== r.tsVal >= 0) {
      return isStamped ? "timestamp is missing" : "timestamp was not negotiated";
    }
    if (isStamped) {
      if (own.tsVal >= 0 && ((r.tsVal - own.tsVal) | 0) < 0) return `timestamp went back from ${own.tsVal}`;
      own.tsVal = r.tsVal;
    }
    if (r.sack.length > 0 && !(own.sackPermitted && peer.sackPermitted)) return "SACK was not negotiated";
    const sendable = peer.finOffset >= 0 ? peer.finOffset + 1 : peer.sentOctets;
    for (let i = 0; i < r.sack.length; i += 2) {
      const left = (r.sack[i]! - peer.iss - 1) | 0;
      const right = (r.sack[i + 1]! - peer.iss - 1) | 0;
      if (left < -1 || left >= right || right > sendable) {
        return `SACK block ${left} … ${right}, sent are ${sendable}`;
      }
      // Only the first block may tell of a duplicate (RFC 2883 §4).
      if (i > 0 && left <= own.acked) return `SACK block ${left} … ${right} is acknowledged already`;
    }
    return undefined;
  }
}
