/** {@linkcode padMessage}: the padding of MD4, and what else its digest is made of (RFC 1320 §3.1). MD5 and SHA-1
 * are in `@lightwire/pbuf/digest`.
 *
 * @module
 */

/** The parts one behind the other, a 1 bit, zeros, and the length in bits, to a multiple of 64 octets.
 *
 * @param isLittleEndian Whether the length is written least significant octet first, as MD4 wants it.
 */
export function padMessage(parts: readonly Uint8Array[], isLittleEndian: boolean): DataView {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const message = new Uint8Array((((length + 8) >>> 6) + 1) << 6);
  let at = 0;
  for (const part of parts) {
    message.set(part, at);
    at += part.length;
  }
  message[length] = 0x80;
  const view = new DataView(message.buffer);
  const low = (length << 3) >>> 0;
  const high = length >>> 29;
  view.setUint32(message.length - 8, isLittleEndian ? low : high, isLittleEndian);
  view.setUint32(message.length - 4, isLittleEndian ? high : low, isLittleEndian);
  return view;
}

/** A digest: the words of a state, one behind the other. */
export function digestOf(state: Int32Array, isLittleEndian: boolean): Uint8Array {
  const digest = new Uint8Array(4 * state.length);
  const out = new DataView(digest.buffer);
  state.forEach((word, i) => out.setInt32(4 * i, word, isLittleEndian));
  return digest;
}

/** A word turned left. */
export function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
