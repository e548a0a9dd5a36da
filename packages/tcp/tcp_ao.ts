/** Data plane. {@linkcode AoSignature}: the TCP Authentication Option (RFC 5925) of one connection, with HMAC-SHA-1-96 or
 * AES-128-CMAC-96 (RFC 5926).
 *
 * ```text
 *   | kind 29 | length 16 | KeyID | RNextKeyID |  MAC, 12 octets  |
 *
 *   MAC = MAC_alg(traffic key, SNE, pseudo header, header with checksum and MAC of 0, text)
 * ```
 *
 * The traffic key follows from a master key, both addresses, ports and initial sequence numbers, so that no segment counts
 * twice: not in a later connection (other ISNs), nor after 4 GiB in the same one (SNE). A SYN without ACK has a key without
 * the other side's ISN. Keys change without a pause: each side says in RNextKeyID which one it would like the other to sign
 * with, and the other does when it has it (RFC 5925 §6.1).
 *
 * A reset for a connection that nobody knows is signed as if its own sequence number were the initial one; a peer takes it in
 * SYN-SENT only. Deviation: RFC 5925 §7.7 has no such reset; without it a connection to a closed port would time out.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import type { IpAddress, IpRxInfo } from "@lightwire/ip";
import { ACK, RST, SYN } from "./control_bits.ts";
import type { Segment } from "./segment.ts";
import { SequenceExtension } from "./sequence_extension.ts";
import {
  isSameMac,
  KIND_AO,
  MAC_LENGTH,
  macHeader,
  macText,
  optionOffset,
  type SegmentMac,
  type SegmentSignature,
} from "./signed_segment.ts";
import type { MasterKeyTuple } from "./tcp_ao_key.ts";
import { TCP_HEADER_LENGTH } from "./tcp_header.ts";
import type { Tcb } from "./tcb.ts";

/** Octets of the option. */
export const AO_OPTION_LENGTH = 4 + MAC_LENGTH;

const digest = new Uint8Array(20);

/** The traffic keys of one master key, once both ISNs are known. */
interface TrafficKeys {
  readonly send: SegmentMac;
  readonly receive: SegmentMac;
}

/** TCP-AO of one connection. */
export class AoSignature implements SegmentSignature {
  /** {@inheritDoc SegmentSignature.optionLength} */
  readonly optionLength: number = AO_OPTION_LENGTH;
  /** {@inheritDoc SegmentSignature.allowsTimestamps} */
  readonly allowsTimestamps: boolean = true;
  /** Current_key: what our segments are signed with. */
  current: MasterKeyTuple;
  /** Rnext_key: what we would like the peer to sign with. */
  next: MasterKeyTuple;
  readonly #tcb: Tcb;
  readonly #traffic = new Map<MasterKeyTuple, TrafficKeys>();
  #sent: SequenceExtension | undefined = undefined;
  #received: SequenceExtension | undefined = undefined;

  /** @param key which both directions begin with. */
  constructor(tcb: Tcb, key: MasterKeyTuple) {
    this.#tcb = tcb;
    this.current = key;
    this.next = key;
  }

  /** {@inheritDoc SegmentSignature.sign} */
  sign(p: Pbuf, source: IpAddress, destination: IpAddress, length: number): void {
    const tcb = this.#tcb;
    const key = this.current;
    const seq = p.view.getUint32(p.start + 4);
    const isSyn = (p.bytes[p.start + 13]! & (SYN | ACK)) === SYN;
    const mac = isSyn
      ? key.derive(source, tcb.localPort, tcb.iss, destination, tcb.remotePort, 0)
      : this.#keys(key).send;
    const extension = this.#sent ??= new SequenceExtension(tcb.iss);
    writeOption(mac, key, this.next.recvId, extension.of(seq), p, source, destination, length);
    extension.advance(seq);
  }

  /** Whether a segment of the peer's carries the right MAC (RFC 5925 §7.3).
   *
   * @param key the one that its KeyID means.
   * @param at where the option begins.
   */
  verify(seg: Segment, rx: IpRxInfo, key: MasterKeyTuple, at: number): boolean {
    const tcb = this.#tcb;
    if ((seg.ctl & (SYN | ACK)) === SYN) return verifyStranger(seg, rx, key, at);
    if (tcb.state === "SYN-SENT") {
      // Their ISN is what only a SYN, or the reset of who has none, can say.
      return (seg.ctl & (SYN | RST)) !== 0 &&
        hasMac(isnKey(seg, rx, key, seg.seq, tcb.iss), key, 0, seg, rx, at);
    }
    const extension = this.#received ??= new SequenceExtension(tcb.irs);
    if (!hasMac(this.#keys(key).receive, key, extension.of(seg.seq), seg, rx, at)) return false;
    extension.advance(seg.seq);
    return true;
  }

  #keys(key: MasterKeyTuple): TrafficKeys {
    let keys = this.#traffic.get(key);
    if (keys === undefined) {
      const { localAddress, localPort, iss, remoteAddress, remotePort, irs } = this.#tcb;
      keys = {
        send: key.derive(localAddress, localPort, iss, remoteAddress, remotePort, irs),
        receive: key.derive(remoteAddress, remotePort, irs, localAddress, localPort, iss),
      };
      this.#traffic.set(key, keys);
    }
    return keys;
  }
}

/** Signs the answer to a segment that no TCB stands for. */
export class AoReply implements SegmentSignature {
  /** {@inheritDoc SegmentSignature.optionLength} */
  readonly optionLength: number = AO_OPTION_LENGTH;
  /** {@inheritDoc SegmentSignature.allowsTimestamps} */
  readonly allowsTimestamps: boolean = true;
  readonly #key: MasterKeyTuple;
  readonly #seg: Segment;

  /** @param seg what is answered. */
  constructor(key: MasterKeyTuple, seg: Segment) {
    this.#key = key;
    this.#seg = seg;
  }

  /** {@inheritDoc SegmentSignature.sign} */
  sign(p: Pbuf, source: IpAddress, destination: IpAddress, length: number): void {
    const key = this.#key;
    const { sourcePort, destinationPort, ctl, ack } = this.#seg;
    const isn = (ctl & ACK) === 0 ? p.view.getUint32(p.start + 4) : (ack - 1) >>> 0;
    const mac = key.derive(source, destinationPort, isn, destination, sourcePort, remoteIsn(this.#seg));
    writeOption(mac, key, key.recvId, 0, p, source, destination, length);
  }
}

/** Whether a segment for which there is no TCB carries the right MAC: a SYN; or what acknowledges a SYN-ACK that is not
 * remembered. */
export function verifyStranger(seg: Segment, rx: IpRxInfo, key: MasterKeyTuple, at: number): boolean {
  const localIsn = (seg.ctl & ACK) === 0 ? 0 : (seg.ack - 1) >>> 0;
  return hasMac(isnKey(seg, rx, key, remoteIsn(seg), localIsn), key, 0, seg, rx, at);
}

function remoteIsn(seg: Segment): number {
  return (seg.ctl & SYN) !== 0 ? seg.seq : (seg.seq - 1) >>> 0;
}

function isnKey(seg: Segment, rx: IpRxInfo, key: MasterKeyTuple, theirs: number, ours: number): SegmentMac {
  return key.derive(rx.source, seg.sourcePort, theirs, rx.destination, seg.destinationPort, ours);
}

/** Writes the option and its MAC. */
function writeOption(
  mac: SegmentMac,
  key: MasterKeyTuple,
  nextId: number,
  sne: number,
  p: Pbuf,
  source: IpAddress,
  destination: IpAddress,
  length: number,
): void {
  const { bytes, start } = p;
  const at = optionOffset(p, AO_OPTION_LENGTH);
  const end = at + AO_OPTION_LENGTH;
  bytes[at] = KIND_AO;
  bytes[at + 1] = AO_OPTION_LENGTH;
  bytes[at + 2] = key.sendId;
  bytes[at + 3] = nextId;
  mac.reset();
  const from = key.coversOptions ? start + TCP_HEADER_LENGTH : at;
  macHeader(mac, sne, source, destination, bytes, start, length, from, end, at + 4);
  macText(mac, p, end);
  mac.digestInto(digest, 0);
  for (let i = 0; i < MAC_LENGTH; i++) bytes[at + 4 + i] = digest[i]!;
}

/** Whether the option at `at` of a segment has the MAC that it must have (RFC 5925 §5.1). */
export function hasMac(
  mac: SegmentMac,
  key: MasterKeyTuple,
  sne: number,
  seg: Segment,
  rx: IpRxInfo,
  at: number,
): boolean {
  const p = seg.pbuf!;
  const { bytes } = p;
  if (bytes[at + 1] !== AO_OPTION_LENGTH) return false;
  const header = p.start - seg.dataOffset;
  const from = key.coversOptions ? header + TCP_HEADER_LENGTH : at;
  const to = key.coversOptions ? p.start : at + AO_OPTION_LENGTH;
  const length = seg.dataOffset + seg.textLength;
  mac.reset();
  macHeader(mac, sne, rx.source, rx.destination, bytes, header, length, from, to, at + 4);
  macText(mac, p, p.start);
  mac.digestInto(digest, 0);
  return isSameMac(digest, 0, bytes, at + 4, MAC_LENGTH);
}
