/** {@linkcode FrameLayout}: where the fields of an Ethernet frame lie, as far as its bytes let one tell. For a fuzzer, which
 * breaks frames and then mends what a receiver looks at first.
 *
 * @module
 */

/** EtherType of IPv4. */
const IPV4 = 0x0800;
/** EtherType of an IEEE 802.1Q tag. */
const VLAN = 0x8100;

/** Offsets into a frame; −1 where there is no such thing. */
export interface FrameLayout {
  /** The IPv4 header. */
  readonly ip: number;
  /** Length of the IPv4 header as it says, at least 20. */
  readonly ipHeaderLength: number;
  /** Protocol number. */
  readonly protocol: number;
  /** The transport header; −1 in fragments other than the first. */
  readonly transport: number;
}

/** Finds the layout. */
export function layoutOf(frame: Uint8Array): FrameLayout {
  const none = { ip: -1, ipHeaderLength: 0, protocol: -1, transport: -1 };
  if (frame.length < 14) return none;
  let etherType = word(frame, 12);
  let ip = 14;
  if (etherType === VLAN && frame.length >= 18) {
    etherType = word(frame, 16);
    ip = 18;
  }
  if (etherType !== IPV4 || frame.length < ip + 20) return none;
  const ipHeaderLength = Math.max(20, (frame[ip]! & 15) * 4);
  const isLater = (word(frame, ip + 6) & 0x1fff) !== 0;
  const transport = isLater || ip + ipHeaderLength > frame.length ? -1 : ip + ipHeaderLength;
  return { ip, ipHeaderLength, protocol: frame[ip + 9]!, transport };
}

/** Makes lengths and checksums right again, so that a receiver looks at what comes behind them. */
export function mend(frame: Uint8Array): void {
  const { ip, ipHeaderLength, protocol, transport } = layoutOf(frame);
  if (ip < 0 || ip + ipHeaderLength > frame.length) return;
  const isFragment = (word(frame, ip + 6) & 0x3fff) !== 0;
  setWord(frame, ip + 2, frame.length - ip);
  setWord(frame, ip + 10, 0);
  setWord(frame, ip + 10, ~sum(frame, ip, ip + ipHeaderLength, 0) & 0xffff);
  if (transport < 0 || isFragment) return;
  const length = frame.length - transport;
  const pseudo = sum(frame, ip + 12, ip + 20, protocol + length);
  if (protocol === 6 && length >= 20) {
    setWord(frame, transport + 16, 0);
    setWord(frame, transport + 16, ~sum(frame, transport, frame.length, pseudo) & 0xffff);
  } else if (protocol === 17 && length >= 8) {
    setWord(frame, transport + 4, length);
    setWord(frame, transport + 6, 0);
    setWord(frame, transport + 6, (~sum(frame, transport, frame.length, pseudo) & 0xffff) || 0xffff);
  } else if (protocol === 136 && length >= 8) {
    const coverage = word(frame, transport + 4);
    const covered = coverage === 0 || coverage > length ? length : Math.max(8, coverage);
    setWord(frame, transport + 6, 0);
    const checksum = ~sum(frame, transport, transport + covered, pseudo) & 0xffff;
    setWord(frame, transport + 6, checksum || 0xffff);
  } else if ((protocol === 1 || protocol === 2) && length >= 4) {
    setWord(frame, transport + 2, 0);
    setWord(frame, transport + 2, ~sum(frame, transport, frame.length, 0) & 0xffff);
  }
}

/** The big-endian 16-bit word at an offset; bytes beyond the end count as 0. */
export function word(frame: Uint8Array, at: number): number {
  return ((frame[at] ?? 0) << 8) | (frame[at + 1] ?? 0);
}

/** Writes a big-endian 16-bit word as far as it lies in the frame. */
export function setWord(frame: Uint8Array, at: number, value: number): void {
  if (at < frame.length) frame[at] = value >>> 8;
  if (at + 1 < frame.length) frame[at + 1] = value;
}

/** Writes a big-endian 32-bit word as far as it lies in the frame. */
export function setLong(frame: Uint8Array, at: number, value: number): void {
  setWord(frame, at, value >>> 16);
  setWord(frame, at + 2, value & 0xffff);
}

/** The big-endian 32-bit word at an offset, unsigned. */
export function long(frame: Uint8Array, at: number): number {
  return word(frame, at) * 0x1_0000 + word(frame, at + 2);
}

function sum(frame: Uint8Array, from: number, end: number, initial: number): number {
  let total = initial;
  for (let at = from; at + 1 < end; at += 2) total += (frame[at]! << 8) | frame[at + 1]!;
  if ((end - from) % 2 === 1) total += frame[end - 1]! << 8;
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}
