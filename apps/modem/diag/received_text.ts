/** {@linkcode receivedText}: what came from the other side, and was neither an answer nor a frame.
 *
 * @module
 */

/** The bring-up's note of the first octets, when there was no sense in them. */
const NOTE = /^\(received: ((?:[0-9a-f]{2} ?)+)/;
/** Share of printable characters that makes a text. */
const PRINTABLE = 0.8;
/** Shorter is no text. */
const LEAST = 4;

/** Reads the text out of the evidence; `undefined` when it was none. */
export function receivedText(evidence: readonly string[]): string | undefined {
  const octets = receivedOctets(evidence);
  if (octets.length < LEAST || octets.includes(0x7e)) return undefined;
  const isText = (octet: number): boolean =>
    (octet >= 0x20 && octet < 0x7e) || octet === 0x0d || octet === 0x0a;
  const printable = octets.filter(isText);
  if (printable.length < PRINTABLE * octets.length) return undefined;
  return String.fromCharCode(...printable).replace(/\s+/g, " ").trim();
}

/** What to do about a port that answers no `AT`, where something came from it; `undefined` when nothing did. */
export function adviseOnSilence(evidence: readonly string[]): string | undefined {
  const octets = receivedOctets(evidence);
  if (octets.length === 0) return undefined;
  const text = receivedText(evidence);
  // The command itself, twice, and no line in between.
  if (String.fromCharCode(...octets).startsWith("AT\rAT\r")) {
    return "What is sent comes back, and nothing else: TX and RX are joined, or the device is a loop. Look at the wiring.";
  }
  if (text !== undefined && /\$G[A-Z]{4},/.test(text)) {
    return "This is the modem's GNSS port (it tells positions): try the others of the same modem, the next numbers first.";
  }
  if (text !== undefined) {
    return `No modem, but something that says "${text}": look what is on the other end.`;
  }
  return "Something is sent, but at none of the usual speeds: give the right one by --baud, and look at the ground wire.";
}

function receivedOctets(evidence: readonly string[]): number[] {
  for (const line of evidence) {
    const octets = NOTE.exec(line)?.[1]?.trim().split(" ").map((hex) => parseInt(hex, 16));
    if (octets !== undefined) return octets;
  }
  return [];
}
