/** {@linkcode PcapngWriter}: capture files in the format of Wireshark (pcapng, draft-ietf-opsawg-pcapng).
 *
 * ```text
 *   Section Header | Interface Description … | Enhanced Packet … | Interface Statistics …
 *
 *   every block:   type (4) | total length (4) | body, options | total length (4)
 *   every option:  code (2) | length (2) | value, padded to 4 bytes
 * ```
 *
 * Blocks are written in big-endian byte order, with timestamps in microseconds.
 *
 * @example One packet with a comment
 * ```ts
 * import { PcapngWriter } from "@lightwire/netif/pcapng";
 * import assert from "node:assert/strict";
 *
 * const blocks: Uint8Array[] = [];
 * const writer = new PcapngWriter((block) => blocks.push(block), { application: "example" });
 * const en0 = writer.addInterface({ name: "en0", medium: "ip" });
 * writer.writePacket(en0, 1_700_000_000_000, Uint8Array.of(0x45), { direction: "outbound", comment: "cut short" });
 * assert.equal(blocks.length, 3);
 * assert.equal(new DataView(blocks[0]!.buffer).getUint32(0), 0x0a0d0d0a);
 * ```
 *
 * @module
 */
import { copyTo, foldSum, type Pbuf, sumPbufRange } from "@lightwire/pbuf";
import { ETHER_TYPE_VLAN, VLAN_TAG_LENGTH, writeMac } from "./ethernet_header.ts";
import type { MacAddress } from "./link.ts";

const BLOCK = { sectionHeader: 0x0a0d0d0a, interface: 1, statistics: 5, enhancedPacket: 6 } as const;
// LINKTYPE_ETHERNET, LINKTYPE_RAW, LINKTYPE_PPP_WITH_DIR, LINKTYPE_WIRESHARK_UPPER_PDU
const LINK_TYPE = { ethernet: 1, ip: 101, ppp: 204, "upper-pdu": 252 } as const;
const OPTION = {
  comment: 1,
  hardware: 2,
  os: 3,
  application: 4,
  interfaceName: 2,
  interfaceDescription: 3,
  macAddress: 6,
  speed: 8,
  timestampResolution: 9,
  filter: 11,
  packetFlags: 2,
  dropCount: 4,
  startTime: 2,
  endTime: 3,
  received: 4,
  dropped: 5,
  accepted: 6,
  delivered: 8,
} as const;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const MICROSECONDS = 6; // 10^-6 s
const MAC_BYTES = 12; // destination and source, in front of a VLAN tag

/** Most bytes of a packet that are kept, by default: everything. */
export const DEFAULT_SNAP_LENGTH = 262144;

/** Facts about a capture as a whole. */
export interface PcapngSection {
  /** What captured, like "lightwire 0.1". */
  readonly application?: string;
  /** The machine. */
  readonly hardware?: string;
  /** The operating system. */
  readonly os?: string;
  /** A remark. */
  readonly comment?: string;
}

/** What the packets of an interface start with: an Ethernet header; an IP header; a direction octet and a PPP header, as
 * {@linkcode pppCaptureFrame} makes them; or tags that name the dissector, as {@linkcode upperPduFrame} makes them. */
export type PcapngMedium = "ethernet" | "ip" | "ppp" | "upper-pdu";

/** An interface of which packets are captured. */
export interface PcapngInterface {
  /** Name, like "en0". */
  readonly name: string;
  /** What packets start with. */
  readonly medium: PcapngMedium;
  /** For people. */
  readonly description?: string;
  /** Station address. */
  readonly macAddress?: MacAddress;
  /** Line rate in bits per second. */
  readonly speedBps?: number;
  /** Bytes kept of a packet; default {@linkcode DEFAULT_SNAP_LENGTH}. */
  readonly snapLength?: number;
  /** The filter that was in force, as text. */
  readonly filter?: string;
  /** A remark. */
  readonly comment?: string;
}

/** How a frame was addressed. */
export type ReceptionType = "unicast" | "multicast" | "broadcast" | "promiscuous";

/** Facts about one packet. */
export interface PcapngPacketInfo {
  /** Which way it went. */
  readonly direction?: "inbound" | "outbound";
  /** How it was addressed. */
  readonly reception?: ReceptionType;
  /** A remark, shown by Wireshark beside the packet. */
  readonly comment?: string;
  /** Packets lost by the capture since the last one of this interface. */
  readonly dropCount?: number;
}

/** Facts about an interface at the end of a capture. */
export interface PcapngStatistics {
  /** When the capture began, in milliseconds since 1970. */
  readonly startMs?: number;
  /** When it ended. */
  readonly endMs?: number;
  /** Packets received from the wire. */
  readonly received?: number;
  /** Packets dropped by the interface for want of room. */
  readonly dropped?: number;
  /** Packets that a filter let through. */
  readonly accepted?: number;
  /** Packets delivered to the user. */
  readonly delivered?: number;
}

/** Writes one section of a pcapng file, block by block. */
export class PcapngWriter {
  readonly #write: (block: Uint8Array<ArrayBuffer>) => void;
  readonly #snapLengths: number[] = [];

  /** Writes the section header.
   *
   * @param write gets each block, in order; the bytes are its to keep.
   */
  constructor(write: (block: Uint8Array<ArrayBuffer>) => void, section: PcapngSection = {}) {
    this.#write = write;
    const block = new BlockBuilder(BLOCK.sectionHeader);
    block.uint32(BYTE_ORDER_MAGIC).uint16(1).uint16(0).uint32(0xffffffff).uint32(0xffffffff);
    block.text(OPTION.comment, section.comment).text(OPTION.hardware, section.hardware);
    block.text(OPTION.os, section.os).text(OPTION.application, section.application);
    write(block.finish());
  }

  /** Describes an interface. @returns its number, to be given to {@linkcode writePacket}. */
  addInterface(description: PcapngInterface): number {
    const snapLength = description.snapLength ?? DEFAULT_SNAP_LENGTH;
    const block = new BlockBuilder(BLOCK.interface);
    block.uint16(LINK_TYPE[description.medium]).uint16(0).uint32(snapLength);
    block.text(OPTION.comment, description.comment);
    block.text(OPTION.interfaceName, description.name);
    block.text(OPTION.interfaceDescription, description.description);
    if (description.macAddress !== undefined) block.mac(OPTION.macAddress, description.macAddress);
    if (description.speedBps !== undefined) block.integer64(OPTION.speed, description.speedBps);
    block.bytes(OPTION.timestampResolution, Uint8Array.of(MICROSECONDS));
    if (description.filter !== undefined) {
      block.bytes(OPTION.filter, Uint8Array.of(0, ...new TextEncoder().encode(description.filter)));
    }
    this.#write(block.finish());
    this.#snapLengths.push(snapLength);
    return this.#snapLengths.length - 1;
  }

  /** Writes one packet as it would be on the wire: a VLAN tag that travels beside it is put back, a checksum left to the
   * hardware is finished, both in the copy only. Borrows `p`.
   *
   * @param atMs milliseconds since 1970, fractional.
   * @throws {RangeError} if there is no such interface.
   */
  writePacket(interfaceId: number, atMs: number, p: Pbuf | Uint8Array, info: PcapngPacketInfo = {}): void {
    this.#write(this.buildPacket(interfaceId, atMs, p, info));
  }

  /** The block that {@linkcode writePacket} would write, for who knows only later whether it is wanted; then
   * {@linkcode writeBlock}.
   *
   * @throws {RangeError} if there is no such interface.
   */
  buildPacket(
    interfaceId: number,
    atMs: number,
    p: Pbuf | Uint8Array,
    info: PcapngPacketInfo = {},
  ): Uint8Array<ArrayBuffer> {
    const snapLength = this.#snapLengths[interfaceId];
    if (snapLength === undefined) {
      throw new RangeError(`Cannot write a packet of interface ${interfaceId}: there is none`);
    }
    const isArray = p instanceof Uint8Array;
    const tagLength = !isArray && p.vlanTci >= 0 ? VLAN_TAG_LENGTH : 0;
    const length = (isArray ? p.length : p.totalLength) + tagLength;
    const kept = Math.min(length, snapLength);
    const block = new BlockBuilder(BLOCK.enhancedPacket, kept + 128);
    block.uint32(interfaceId).timestamp(atMs).uint32(kept).uint32(length);
    const at = block.reserve(kept);
    if (isArray) block.memory.set(p.subarray(0, kept), at);
    else copyPacket(p, block.memory.subarray(at, at + kept), tagLength);
    block.text(OPTION.comment, info.comment);
    const flags = (info.direction === undefined ? 0 : info.direction === "inbound" ? 1 : 2) |
      (info.reception === undefined ? 0 : RECEPTION_TYPES.indexOf(info.reception) << 2);
    if (flags !== 0) block.option(OPTION.packetFlags, 4).uint32(flags);
    if (info.dropCount !== undefined) block.integer64(OPTION.dropCount, info.dropCount);
    return block.finish();
  }

  /** Writes a block made by {@linkcode buildPacket}. */
  writeBlock(block: Uint8Array<ArrayBuffer>): void {
    this.#write(block);
  }

  /** Writes what an interface counted, usually at the end.
   *
   * @param atMs milliseconds since 1970.
   * @throws {RangeError} if there is no such interface.
   */
  writeStatistics(interfaceId: number, atMs: number, statistics: PcapngStatistics): void {
    if (!(interfaceId in this.#snapLengths)) {
      throw new RangeError(`Cannot write statistics of interface ${interfaceId}: there is none`);
    }
    const block = new BlockBuilder(BLOCK.statistics);
    block.uint32(interfaceId).timestamp(atMs);
    if (statistics.startMs !== undefined) block.option(OPTION.startTime, 8).timestamp(statistics.startMs);
    if (statistics.endMs !== undefined) block.option(OPTION.endTime, 8).timestamp(statistics.endMs);
    if (statistics.received !== undefined) block.integer64(OPTION.received, statistics.received);
    if (statistics.dropped !== undefined) block.integer64(OPTION.dropped, statistics.dropped);
    if (statistics.accepted !== undefined) block.integer64(OPTION.accepted, statistics.accepted);
    if (statistics.delivered !== undefined) block.integer64(OPTION.delivered, statistics.delivered);
    this.#write(block.finish());
  }
}

const RECEPTION_TYPES: readonly (ReceptionType | undefined)[] = [
  undefined,
  "unicast",
  "multicast",
  "broadcast",
  "promiscuous",
];

/** Copies as much of a packet as `into` takes, with its tag and its checksum as they would be on the wire. */
function copyPacket(p: Pbuf, into: Uint8Array, tagLength: number): void {
  const view = new DataView(into.buffer, into.byteOffset, into.length);
  if (tagLength === 0) {
    copyTo(p, into);
  } else {
    copyTo(p, into, 0, MAC_BYTES);
    const tag = [ETHER_TYPE_VLAN >>> 8, ETHER_TYPE_VLAN & 0xff, p.vlanTci >>> 8, p.vlanTci & 0xff];
    for (const [i, byte] of tag.entries()) into[MAC_BYTES + i] = byte; // past the end: ignored
    copyTo(p, into, MAC_BYTES, Infinity, MAC_BYTES + VLAN_TAG_LENGTH);
  }
  if (p.checksumStart < 0) return;
  const offset = p.checksumStart - p.start;
  const length = p.totalLength - offset;
  const field = offset + p.checksumOffset + tagLength;
  if (offset < 0 || length < p.checksumOffset + 2 || field + 2 > into.length) return;
  view.setUint16(field, ~foldSum(sumPbufRange(p, offset, length, 0)) & 0xffff || 0xffff);
}

/** One block under construction. */
class BlockBuilder {
  memory: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #end = 8;
  #hasOptions = false;

  constructor(type: number, size = 256) {
    this.memory = new Uint8Array(size);
    this.#view = new DataView(this.memory.buffer);
    this.#view.setUint32(0, type);
  }

  /** Makes room for `length` bytes, padded to a multiple of four with zeros. @returns where they begin. */
  reserve(length: number): number {
    const at = this.#end;
    this.#end += (length + 3) & ~3;
    if (this.#end + 8 > this.memory.length) {
      const memory = new Uint8Array(2 * this.#end + 8);
      memory.set(this.memory);
      this.memory = memory;
      this.#view = new DataView(memory.buffer);
    }
    return at;
  }

  uint16(value: number): this {
    const at = this.#end; // two in a row, so padding would be wrong
    this.reserve(4);
    this.#end = at + 2;
    this.#view.setUint16(at, value);
    return this;
  }

  uint32(value: number): this {
    const at = this.reserve(4);
    this.#view.setUint32(at, value);
    return this;
  }

  timestamp(atMs: number): this {
    const us = Math.round(atMs * 1000);
    return this.uint32(Math.floor(us / 0x1_0000_0000)).uint32(us % 0x1_0000_0000);
  }

  option(code: number, length: number): this {
    this.#hasOptions = true;
    return this.uint16(code).uint16(length);
  }

  bytes(code: number, value: Uint8Array): this {
    this.option(code, value.length);
    const at = this.reserve(value.length);
    this.memory.set(value, at);
    return this;
  }

  text(code: number, value: string | undefined): this {
    return value === undefined ? this : this.bytes(code, new TextEncoder().encode(value).subarray(0, 0xffff));
  }

  integer64(code: number, value: number): this {
    return this.option(code, 8).uint32(Math.floor(value / 0x1_0000_0000)).uint32(value % 0x1_0000_0000);
  }

  mac(code: number, mac: MacAddress): this {
    this.option(code, 6);
    const at = this.reserve(6);
    writeMac(this.#view, at, mac);
    return this;
  }

  finish(): Uint8Array<ArrayBuffer> {
    if (this.#hasOptions) this.option(0, 0);
    const at = this.reserve(4);
    this.#view.setUint32(4, this.#end);
    this.#view.setUint32(at, this.#end);
    return this.memory.slice(0, this.#end);
  }
}
