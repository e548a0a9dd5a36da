/** {@linkcode WireReader}: reads frames with code of its own, so that a mistake in the stack's parsers and emitters cannot hide
 * behind itself. Ethernet, ARP, IPv4, TCP.
 *
 * @module
 */

/** Control bits as they stand in the header (RFC 9293 §3.1). */
export const BIT: Readonly<Record<"FIN" | "SYN" | "RST" | "PSH" | "ACK" | "URG" | "ECE" | "CWR", number>> = {
  FIN: 1,
  SYN: 2,
  RST: 4,
  PSH: 8,
  ACK: 16,
  URG: 32,
  ECE: 64,
  CWR: 128,
};

/** What a frame was found to be. */
export type WireKind = "arp" | "tcp" | "other-ip" | "other";

/** The fields of the frame read last. Those of layers which it does not have are stale. */
export class WireReader {
  /** What it is. */
  kind: WireKind = "other";
  /** What is wrong with it, or `undefined`. */
  problem: string | undefined = undefined;
  /** Station the frame is for. */
  macDestination = 0;
  /** Station the frame is from. */
  macSource = 0;
  /** ARP operation. */
  arpOperation = 0;
  /** IPv4 total length. */
  ipLength = 0;
  /** ECN field of the IP header (RFC 3168 §5). */
  ecn = 0;
  /** IPv4 identification. */
  ipId = 0;
  /** IPv4 flags and fragment offset word. */
  ipFragment = 0;
  /** TTL. */
  ttl = 0;
  /** Protocol number. */
  protocol = 0;
  /** IPv4 or ARP sender. */
  source = 0;
  /** IPv4 or ARP target. */
  destination = 0;
  /** TCP ports and fields. */
  sourcePort = 0;
  /** TCP destination port. */
  destinationPort = 0;
  /** SEG.SEQ. */
  seq = 0;
  /** SEG.ACK. */
  ack = 0;
  /** Control bits. */
  ctl = 0;
  /** SEG.WND as on the wire. */
  wnd = 0;
  /** Bytes of TCP options. */
  optionLength = 0;
  /** MSS option, 0 if none. */
  mss = 0;
  /** Window scale option, −1 if none. */
  windowShift = -1;
  /** SACK-permitted option. */
  sackPermitted = false;
  /** TSval, −1 if there is no Timestamps option. */
  tsVal = -1;
  /** TSecr. */
  tsEcr = 0;
  /** SACK blocks: left and right edges alternating. */
  readonly sack: number[] = [];
  /** Offset of the text in what was read. */
  textOffset = 0;
  /** Octets of text. */
  textLength = 0;
  #mayBePadded = false;

  /** Reads the frame in `view` from 0 to `end`.
   *
   * @param mayBePadded whether bytes behind the IP packet are tolerated.
   */
  read(view: DataView, end: number, medium: "ethernet" | "ip", mayBePadded: boolean = false): void {
    this.problem = undefined;
    this.kind = "other";
    this.#mayBePadded = mayBePadded;
    if (medium === "ip") return this.#readIp(view, 0, end);
    if (end < 14) return this.#fail("frame shorter than an Ethernet header");
    this.macDestination = view.getUint16(0) * 2 ** 32 + view.getUint32(2);
    this.macSource = view.getUint16(6) * 2 ** 32 + view.getUint32(8);
    const etherType = view.getUint16(12);
    if (etherType === 0x0800) return this.#readIp(view, 14, end);
    if (etherType === 0x0806) return this.#readArp(view, 14, end);
    this.#fail(`EtherType 0x${etherType.toString(16)} was not expected`);
  }

  /** The frame in words, like a line of tcpdump. */
  describe(): string {
    if (this.kind === "arp") {
      return `ARP ${this.arpOperation === 1 ? "who has" : "reply"} ${dotted(this.destination)} tell ${
        dotted(this.source)
      }`;
    }
    if (this.kind === "other") return "?";
    const from = dotted(this.source);
    const to = dotted(this.destination);
    if (this.kind === "other-ip") return `${from} > ${to} protocol ${this.protocol} length ${this.ipLength}`;
    const bits = Object.entries(BIT).filter(([_, bit]) => this.ctl & bit).map(([name]) => name).join(",");
    const options = [
      this.mss > 0 ? `mss ${this.mss}` : "",
      this.windowShift >= 0 ? `wscale ${this.windowShift}` : "",
      this.sackPermitted ? "sackOK" : "",
      this.tsVal >= 0 ? `ts ${this.tsVal}:${this.tsEcr}` : "",
      this.sack.length > 0 ? `sack ${this.sack.join(" ")}` : "",
    ].filter((text) => text !== "").join(" ");
    return `${from}:${this.sourcePort} > ${to}:${this.destinationPort} [${bits}] seq ${this.seq} ack ${this.ack} ` +
      `win ${this.wnd} len ${this.textLength}${options === "" ? "" : ` <${options}>`}`;
  }

  #readArp(view: DataView, at: number, end: number): void {
    this.kind = "arp";
    if (end - at < 28) return this.#fail("ARP packet shorter than 28 bytes");
    if (view.getUint32(at) !== 0x00010800 || view.getUint16(at + 4) !== 0x0604) {
      return this.#fail("ARP packet not for IPv4 over Ethernet");
    }
    this.arpOperation = view.getUint16(at + 6);
    if (this.arpOperation !== 1 && this.arpOperation !== 2) this.#fail(`ARP operation ${this.arpOperation}`);
    this.source = view.getUint32(at + 14);
    this.destination = view.getUint32(at + 24);
  }

  #readIp(view: DataView, at: number, end: number): void {
    this.kind = "other-ip";
    if (end - at < 20) return this.#fail("packet shorter than an IPv4 header");
    const versionAndLength = view.getUint8(at);
    const headerLength = (versionAndLength & 15) * 4;
    this.ecn = view.getUint8(at + 1) & 3;
    this.ipLength = view.getUint16(at + 2);
    this.ipId = view.getUint16(at + 4);
    this.ipFragment = view.getUint16(at + 6);
    this.ttl = view.getUint8(at + 8);
    this.protocol = view.getUint8(at + 9);
    this.source = view.getUint32(at + 12);
    this.destination = view.getUint32(at + 16);
    if (versionAndLength >> 4 !== 4) return this.#fail(`IP version ${versionAndLength >> 4}`);
    if (headerLength < 20 || headerLength > this.ipLength) {
      return this.#fail(`IPv4 header length ${headerLength}`);
    }
    if (this.ipLength !== end - at) {
      return this.#fail(`IPv4 total length ${this.ipLength} in ${end - at} bytes`);
    }
    if (onesSum(view, at, at + headerLength, 0) !== 0xffff) {
      return this.#fail("IPv4 header checksum is wrong");
    }
    if (this.ttl === 0) return this.#fail("TTL 0");
    if (this.protocol === 6 && (this.ipFragment & 0x3fff) === 0) this.#readTcp(view, at + headerLength, end);
  }

  #readTcp(view: DataView, at: number, end: number): void {
    this.kind = "tcp";
    if (end - at < 20) return this.#fail("segment shorter than a TCP header");
    this.sourcePort = view.getUint16(at);
    this.destinationPort = view.getUint16(at + 2);
    this.seq = view.getUint32(at + 4);
    this.ack = view.getUint32(at + 8);
    const headerLength = (view.getUint8(at + 12) >> 4) * 4;
    const reserved = view.getUint8(at + 12) & 15;
    this.ctl = view.getUint8(at + 13);
    this.wnd = view.getUint16(at + 14);
    if (headerLength < 20 || headerLength > end - at) return this.#fail(`TCP data offset ${headerLength}`);
    if (reserved !== 0) return this.#fail(`TCP reserved bits ${reserved}`);
    this.optionLength = headerLength - 20;
    this.textOffset = at + headerLength;
    this.textLength = end - this.textOffset;
    const pseudo = (this.source >>> 16) + (this.source & 0xffff) + (this.destination >>> 16) +
      (this.destination & 0xffff) + 6 + (end - at);
    if (onesSum(view, at, end, pseudo) !== 0xffff) return this.#fail("TCP checksum is wrong");
    if ((this.ctl & BIT.URG) === 0 && view.getUint16(at + 18) !== 0) {
      return this.#fail("urgent pointer without URG");
    }
    if ((this.ctl & BIT.ACK) === 0 && this.ack !== 0) return this.#fail("acknowledgment number without ACK");
    this.#readOptions(view, at + 20, this.textOffset);
  }

  #readOptions(view: DataView, from: number, end: number): void {
    this.mss = 0;
    this.windowShift = -1;
    this.sackPermitted = false;
    this.tsVal = -1;
    this.tsEcr = 0;
    this.sack.length = 0;
    for (let at = from; at < end;) {
      const kind = view.getUint8(at);
      if (kind === 1) {
        at++;
        continue;
      }
      if (kind === 0) {
        for (; at < end; at++) {
          if (view.getUint8(at) !== 0) return this.#fail("padding of TCP options is not zero");
        }
        return;
      }
      const length = at + 1 < end ? view.getUint8(at + 1) : 0;
      if (length < 2 || at + length > end) return this.#fail(`TCP option ${kind} of length ${length}`);
      if (kind === 2 && length === 4) this.mss = view.getUint16(at + 2);
      else if (kind === 3 && length === 3) this.windowShift = view.getUint8(at + 2);
      else if (kind === 4 && length === 2) this.sackPermitted = true;
      else if (kind === 5 && length % 8 === 2) {
        for (let i = at + 2; i < at + length; i += 4) this.sack.push(view.getUint32(i));
      } else if (kind === 8 && length === 10) {
        this.tsVal = view.getUint32(at + 2);
        this.tsEcr = view.getUint32(at + 6);
      } else return this.#fail(`TCP option ${kind} of length ${length} was not expected`);
      at += length;
    }
  }

  #fail(problem: string): void {
    this.problem = problem;
  }
}

/** A frame in words.
 *
 * @param bytes its beginning.
 * @param length of the whole frame.
 * @param isOffloading its checksum may be left to the driver.
 */
export function describeFrame(
  bytes: Uint8Array,
  length: number,
  medium: "ethernet" | "ip",
  isOffloading: boolean,
): string {
  const reader = new WireReader();
  // A log keeps the beginning of a frame only; its lengths and checksums are then no longer to be complained of.
  const whole = new Uint8Array(length);
  whole.set(bytes.subarray(0, Math.min(bytes.length, length)));
  reader.read(new DataView(whole.buffer), length, medium, true);
  const isCut = length > bytes.length;
  if (isCut || isOffloading || reader.problem === undefined) return reader.describe();
  return `${reader.describe()} (${reader.problem})`;
}

function onesSum(view: DataView, from: number, end: number, initial: number): number {
  let sum = initial;
  let at = from;
  for (const last = end - 4; at <= last; at += 4) {
    const word = view.getUint32(at);
    sum += (word >>> 16) + (word & 0xffff);
  }
  for (; at + 1 < end; at += 2) sum += view.getUint16(at);
  if (at < end) sum += view.getUint8(at) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

function dotted(bits: number): string {
  return `${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}`;
}
