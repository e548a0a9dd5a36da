/** {@linkcode parseHex}: packets as readable templates.
 *
 * @module
 */

/** The bytes of an annotated hexadecimal template: digits in pairs, blanks between them as one likes, and `#` up to the
 * end of a line is a comment.
 *
 * @throws {SyntaxError} on anything else.
 *
 * @example A header drawing
 * ```ts
 * import { parseHex } from "@lightwire/pbuf";
 * import assert from "node:assert/strict";
 *
 * const bytes = parseHex(`
 *   45 00 0014   # version, header length, TOS, total length
 *   0001 4000    # identification, DF
 * `);
 * assert.deepEqual([...bytes], [0x45, 0, 0, 0x14, 0, 1, 0x40, 0]);
 * ```
 */
export function parseHex(text: string): Uint8Array<ArrayBuffer> {
  const digits = text.replace(/#.*/g, "").replace(/\s+/g, "");
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(digits)) {
    throw new SyntaxError(
      "Cannot read the template: it holds an odd number of digits or something else than digits",
    );
  }
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}
