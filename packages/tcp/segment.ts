/** Data plane. {@linkcode Segment}: one received segment in the variables of RFC 9293 §3.3.1.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import type { SourceRoute } from "./source_route.ts";

/** Most SACK blocks an option can carry (RFC 2018 §3). */
export const MAX_SACK_BLOCKS = 4;

/** A parsed segment. One instance serves a layer for all its input: `parseTcpSegment` sets every field. */
export class Segment {
  /** ECN field of the IP header it came in. */
  ecn: number = 0;
  /** Port of the sender. */
  sourcePort: number;
  /** Port of the receiver. */
  destinationPort: number;
  /** SEG.SEQ: sequence number of the first octet, or of the SYN. */
  seq: number;
  /** SEG.ACK; meaningful only with the ACK bit. */
  ack: number;
  /** SEG.LEN: octets of text, plus one for SYN and one for FIN. */
  len: number;
  /** SEG.WND as on the wire, 16 bits, not scaled. */
  wnd: number;
  /** SEG.UP: urgent pointer, an offset from `seq`; meaningful only with the URG bit. */
  up: number;
  /** The control bits, see `control_bits.ts`. */
  ctl: number;
  /** Length of the header, options included, in bytes. */
  dataOffset: number;
  /** Octets of text. */
  textLength: number;
  /** Maximum Segment Size option of a SYN, 0 for none. */
  mss: number;
  /** Window Scale option of a SYN, −1 for none; 14 at most (RFC 7323 §2.3). */
  windowShift: number;
  /** SACK-Permitted option of a SYN. */
  sackPermitted: boolean;
  /** Whether there is a Timestamps option. */
  hasTimestamps: boolean;
  /** TSval, 0 without the option. */
  tsVal: number;
  /** TSecr, 0 without the option. */
  tsEcr: number;
  /** Number of SACK blocks, 0 … 4. */
  sackCount: number;
  /** Left edges of the SACK blocks, in the order of the option. */
  readonly sackLeft: Uint32Array;
  /** Right edges of the SACK blocks. */
  readonly sackRight: Uint32Array;
  /** Offset of a Fast Open cookie in `pbuf.bytes`; meaningful when `fastOpenLength` ≥ 0. */
  fastOpenOffset: number;
  /** Length of the Fast Open cookie, 0 for a cookie request, −1 for no such option (RFC 7413 §4.1.1). */
  fastOpenLength: number;
  /** Whether it came in the experimental option that Fast Open had before it got a number of its own (RFC 6994). */
  isFastOpenExperimental: boolean;
  /** Whether the option list ended in a bad length; what came before it counts (RFC 9293 §3.1, MUST-7). */
  hasMalformedOption: boolean;
  /** The way back along the source route that the packet came by; `undefined` for all but the rarest packets. */
  returnRoute: SourceRoute | undefined;
  /** The packet, `start` at the text; whoever processes the segment decides over its ownership. */
  pbuf: Pbuf | undefined;

  /** An empty segment. */
  constructor() {
    this.sourcePort = 0;
    this.destinationPort = 0;
    this.seq = 0;
    this.ack = 0;
    this.len = 0;
    this.wnd = 0;
    this.up = 0;
    this.ctl = 0;
    this.dataOffset = 0;
    this.textLength = 0;
    this.mss = 0;
    this.windowShift = -1;
    this.sackPermitted = false;
    this.hasTimestamps = false;
    this.tsVal = 0;
    this.tsEcr = 0;
    this.sackCount = 0;
    this.sackLeft = new Uint32Array(MAX_SACK_BLOCKS);
    this.sackRight = new Uint32Array(MAX_SACK_BLOCKS);
    this.fastOpenOffset = 0;
    this.fastOpenLength = -1;
    this.isFastOpenExperimental = false;
    this.hasMalformedOption = false;
    this.returnRoute = undefined;
    this.pbuf = undefined;
  }
}
