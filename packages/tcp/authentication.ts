/** {@linkcode Authentication}: which segments are signed, and which are dropped for want of a signature (RFC 2385, RFC 5925). There is
 * one only while its stack has keys; connections without a key then cost a look into a map per segment.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import type { IpRxInfo } from "@lightwire/ip";
import type { Segment } from "./segment.ts";
import { findOption, KIND_AO, KIND_MD5, type SegmentSignature } from "./signed_segment.ts";
import type { Tcb } from "./tcb.ts";
import { AoReply, AoSignature, verifyStranger } from "./tcp_ao.ts";
import type { MasterKeyTuple } from "./tcp_ao_key.ts";
import { TCP_HEADER_LENGTH } from "./tcp_header.ts";
import type { TcpKeys } from "./tcp_keys.ts";
import type { TcpLayer } from "./tcp_layer.ts";
import type { Md5Signature } from "./tcp_md5.ts";

/** The signatures of a layer's connections. */
export class Authentication {
  readonly #layer: TcpLayer;
  readonly #keys: TcpKeys;
  readonly #connections = new Map<Tcb, Md5Signature | AoSignature>();
  /** The TCP-AO key of the segment that is being processed. */
  #incomingKey: MasterKeyTuple | undefined = undefined;

  /** No connection yet. */
  constructor(layer: TcpLayer, keys: TcpKeys) {
    this.#layer = layer;
    this.#keys = keys;
  }

  /** A connection begins: with a key that is for its peer, it is signed. */
  attach(tcb: Tcb): void {
    const { remoteAddress, remotePort, localPort } = tcb;
    const aoKey = tcb.isPassive && this.#incomingKey !== undefined
      ? this.#incomingKey
      : this.#keys.findAo(remoteAddress, remotePort, localPort, () => true);
    if (aoKey !== undefined) {
      this.#connections.set(tcb, new AoSignature(tcb, aoKey));
      return;
    }
    const md5 = this.#keys.findMd5(remoteAddress, remotePort, localPort);
    if (md5 !== undefined) this.#connections.set(tcb, md5);
  }

  /** A connection is over. */
  forget(tcb: Tcb): void {
    this.#connections.delete(tcb);
  }

  /** How a connection signs, `undefined` for not at all. */
  of(tcb: Tcb): SegmentSignature | undefined {
    return this.#connections.get(tcb);
  }

  /** How the answer to a segment that no TCB stands for is signed. */
  forReply(seg: Segment, rx: IpRxInfo): SegmentSignature | undefined {
    if (this.#incomingKey !== undefined) return new AoReply(this.#incomingKey, seg);
    return this.#keys.findMd5(rx.source, seg.sourcePort, seg.destinationPort);
  }

  /** Whether ICMP's hard errors say nothing to a connection (RFC 5925 §7.8). */
  ignoresHardErrors(tcb: Tcb): boolean {
    const signature = this.#connections.get(tcb);
    return signature instanceof AoSignature && !signature.current.acceptsIcmp;
  }

  /** Signs a segment of a connection whose header and text are complete, if the connection does so. */
  sign(tcb: Tcb, p: Pbuf, length: number): void {
    this.#connections.get(tcb)?.sign(p, tcb.localAddress, tcb.remoteAddress, length);
  }

  /** Whether a segment may be processed: it has the signature that is expected, or none is.
   *
   * @param tcb the connection it is for, if there is one.
   */
  accepts(tcb: Tcb | undefined, seg: Segment, rx: IpRxInfo): boolean {
    this.#incomingKey = undefined;
    const { bytes, start } = seg.pbuf!;
    const from = start - seg.dataOffset + TCP_HEADER_LENGTH;
    const signature = tcb === undefined ? undefined : this.#connections.get(tcb);
    const md5At = findOption(bytes, from, start, KIND_MD5);
    if (signature instanceof AoSignature || (tcb === undefined && this.#wantsAo(seg, rx))) {
      const aoAt = findOption(bytes, from, start, KIND_AO);
      // Both are one too many (RFC 5925 §2.2).
      if (aoAt < 0 || md5At >= 0) return this.#isMissing();
      return this.#judge(this.#verifyAo(signature as AoSignature | undefined, seg, rx, aoAt));
    }
    const md5 = tcb === undefined
      ? this.#keys.findMd5(rx.source, seg.sourcePort, seg.destinationPort)
      : signature;
    if (md5 === undefined) {
      // As in Linux: who signs, and is not expected to, means somebody else.
      if (md5At >= 0) this.#layer.counters.signaturesUnexpected++;
      return md5At < 0;
    }
    return md5At < 0 ? this.#isMissing() : this.#judge(md5.verify(seg, rx, md5At));
  }

  /** Asks the peer of a connection to sign with `key`.
   *
   * @returns false when the connection has no TCP-AO.
   */
  requestKey(tcb: Tcb, key: MasterKeyTuple): boolean {
    const signature = this.#connections.get(tcb);
    if (!(signature instanceof AoSignature)) return false;
    signature.next = key;
    return true;
  }

  #wantsAo(seg: Segment, rx: IpRxInfo): boolean {
    return this.#keys.findAo(rx.source, seg.sourcePort, seg.destinationPort, () => true) !== undefined;
  }

  /** RFC 5925 §7.3, and the change of keys that the peer asks for (§6.1). */
  #verifyAo(signature: AoSignature | undefined, seg: Segment, rx: IpRxInfo, at: number): boolean {
    const { bytes } = seg.pbuf!;
    const { source } = rx;
    const { sourcePort, destinationPort } = seg;
    const keyId = bytes[at + 2]!;
    const key = signature?.current.recvId === keyId
      ? signature.current
      : this.#keys.findAo(source, sourcePort, destinationPort, (candidate) => candidate.recvId === keyId);
    if (key === undefined) return false;
    const isGenuine = signature === undefined
      ? verifyStranger(seg, rx, key, at)
      : signature.verify(seg, rx, key, at);
    if (!isGenuine) return false;
    this.#incomingKey = key;
    const nextId = bytes[at + 3]!;
    if (signature !== undefined && nextId !== signature.current.sendId) {
      const next = this.#keys.findAo(source, sourcePort, destinationPort, (k) => k.sendId === nextId);
      if (next !== undefined) signature.current = next;
    }
    return true;
  }

  #judge(isGenuine: boolean): boolean {
    if (!isGenuine) this.#layer.counters.signatureFailures++;
    return isGenuine;
  }

  #isMissing(): false {
    this.#layer.counters.signaturesMissing++;
    return false;
  }
}
