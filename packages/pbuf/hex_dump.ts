/** {@linkcode hexDump}: bytes for people.
 *
 * @module
 */

/** The bytes `start … end` as lines of sixteen: offset, hexadecimal, printable ASCII.
 *
 * @example Two lines
 * ```ts
 * import { hexDump } from "@lightwire/pbuf";
 * import assert from "node:assert/strict";
 *
 * const bytes = new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n");
 * assert.equal(
 *   hexDump(bytes),
 *   "0000  47 45 54 20 2f 20 48 54  54 50 2f 31 2e 31 0d 0a  GET / HTTP/1.1..\n" +
 *     "0010  0d 0a                                             ..",
 * );
 * ```
 */
export function hexDump(bytes: Uint8Array, start: number = 0, end: number = bytes.length): string {
  const lines: string[] = [];
  for (let line = start; line < end; line += 16) {
    let hex = "";
    let text = "";
    for (let i = line; i < line + 16; i++) {
      if (i === line + 8) hex += " ";
      if (i < end) {
        const byte = bytes[i]!;
        hex += byte.toString(16).padStart(2, "0") + " ";
        text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".";
      } else {
        hex += "   ";
      }
    }
    lines.push(`${(line - start).toString(16).padStart(4, "0")}  ${hex} ${text}`);
  }
  return lines.join("\n");
}
