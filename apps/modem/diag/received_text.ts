/** {@linkcode receivedText}: what came from the other side, if it was text and no frames.
 *
 * @module
 */

/** The bring-up's note of the first octets, when no frame was among them. */
const NOTE = /^\(received: ((?:[0-9a-f]{2} ?)+)/;
/** Share of printable characters that makes a text. */
const PRINTABLE = 0.8;
/** Shorter is no text. */
const LEAST = 4;

/** Reads the text out of the evidence; `undefined` when it was none. */
export function receivedText(evidence: readonly string[]): string | undefined {
  for (const line of evidence) {
    const octets = NOTE.exec(line)?.[1]?.trim().split(" ").map((hex) => parseInt(hex, 16));
    if (octets === undefined || octets.length < LEAST) continue;
    const isText = (octet: number): boolean =>
      (octet >= 0x20 && octet < 0x7e) || octet === 0x0d || octet === 0x0a;
    if (octets.includes(0x7e) || octets.filter(isText).length < PRINTABLE * octets.length) continue;
    return String.fromCharCode(...octets.filter(isText)).replace(/\s+/g, " ").trim();
  }
  return undefined;
}
