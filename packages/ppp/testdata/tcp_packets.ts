import { finishSum, type Pbuf, type PbufPool, pseudoHeaderSumV4, sumBytes } from "@lightwire/pbuf";

/** Fields of a TCP/IPv4 packet. */
export interface TcpPacketFields {
  source: number;
  destination: number;
  sourcePort: number;
  destinationPort: number;
  sequence: number;
  ack: number;
  flags: number;
  window: number;
  urgent?: number;
  id: number;
  tos?: number;
  ttl?: number;
  /** Flags and offset. */
  fragment?: number;
  ipOptions?: readonly number[];
  tcpOptions?: readonly number[];
  data?: Uint8Array;
}

/** A packet with right checksums. */
export function tcpPacket(f: TcpPacketFields): Uint8Array {
  const ipOptions = f.ipOptions ?? [];
  const tcpOptions = f.tcpOptions ?? [];
  const data = f.data ?? new Uint8Array(0);
  const tcp = 20 + ipOptions.length;
  const headers = tcp + 20 + tcpOptions.length;
  const bytes = new Uint8Array(headers + data.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = 0x40 | (tcp >> 2);
  bytes[1] = f.tos ?? 0;
  view.setUint16(2, bytes.length);
  view.setUint16(4, f.id & 0xffff);
  view.setUint16(6, f.fragment ?? 0x4000);
  bytes[8] = f.ttl ?? 64;
  bytes[9] = 6;
  view.setUint32(12, f.source);
  view.setUint32(16, f.destination);
  bytes.set(ipOptions, 20);
  view.setUint16(10, finishSum(sumBytes(bytes, view, 0, tcp, 0)));
  view.setUint16(tcp, f.sourcePort);
  view.setUint16(tcp + 2, f.destinationPort);
  view.setUint32(tcp + 4, f.sequence >>> 0);
  view.setUint32(tcp + 8, f.ack >>> 0);
  bytes[tcp + 12] = ((headers - tcp) >> 2) << 4;
  bytes[tcp + 13] = f.flags;
  view.setUint16(tcp + 14, f.window & 0xffff);
  view.setUint16(tcp + 18, f.urgent ?? 0);
  bytes.set(tcpOptions, tcp + 20);
  bytes.set(data, headers);
  const pseudo = pseudoHeaderSumV4(f.source, f.destination, 6, bytes.length - tcp);
  view.setUint16(tcp + 16, finishSum(sumBytes(bytes, view, tcp, bytes.length, pseudo)));
  return bytes;
}

/** Whether the TCP checksum of a packet is right. */
export function isTcpChecksumRight(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const tcp = (bytes[0]! & 15) << 2;
  const pseudo = pseudoHeaderSumV4(view.getUint32(12), view.getUint32(16), 6, bytes.length - tcp);
  return finishSum(sumBytes(bytes, view, tcp, bytes.length, pseudo)) === 0;
}

/** A pbuf with these bytes. */
export function pbufOf(pool: PbufPool, bytes: Uint8Array, headroom?: number): Pbuf {
  const p = pool.acquire(bytes.length, headroom)!;
  p.bytes.set(bytes, p.start);
  return p;
}
