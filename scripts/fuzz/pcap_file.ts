/** {@linkcode readPcap}: frames out of a capture file of tcpdump's.
 *
 * @module
 */

const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const LINKTYPE_ETHERNET = 1;

/** The Ethernet frames of a classic pcap file, in order.
 *
 * @throws {TypeError} if it is no such file.
 */
export function readPcap(file: Uint8Array): Uint8Array[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const isLittle = file.length >= 24 && view.getUint32(0, true) === MAGIC_MICROSECONDS;
  if (!isLittle && (file.length < 24 || view.getUint32(0) !== MAGIC_MICROSECONDS)) {
    throw new TypeError("Cannot read a capture: not a pcap file");
  }
  if (view.getUint32(20, isLittle) !== LINKTYPE_ETHERNET) {
    throw new TypeError("Cannot read a capture: not of an Ethernet");
  }
  const frames: Uint8Array[] = [];
  for (let at = 24; at + 16 <= file.length;) {
    const length = view.getUint32(at + 8, isLittle);
    frames.push(file.slice(at + 16, at + 16 + length));
    at += 16 + length;
  }
  return frames;
}
