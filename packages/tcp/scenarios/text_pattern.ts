/** The text of scripts: each octet follows from its place, so that what is sent and what is read can be compared.
 *
 * @module
 */

/** The octet of a stream at a relative sequence number: 1 is the first. */
export function patternOctet(offset: number): number {
  return (offset + (offset >>> 8) * 3) & 0xff;
}

/** `length` octets of the pattern from the relative sequence number `offset` on. */
export function pattern(offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = patternOctet(offset + i);
  return bytes;
}
