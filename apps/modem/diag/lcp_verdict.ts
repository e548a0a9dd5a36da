/** {@linkcode judgeLcp}: why LCP found no end, out of the packets that went back and forth.
 *
 * @module
 */

/** Packets as the bring-up notes them: `> LCP ConfReq id 1 accm 00000000`. */
const PACKET = /^([<>]) LCP (ConfReq|ConfAck|ConfNak|ConfRej)\b(?: id \d+)?(.*)$/;
/** Refusals of the same that make a disagreement. */
const MANY = 3;

/** Says what to do about it, a sentence; `undefined` when the packets do not tell. */
export function judgeLcp(evidence: readonly string[]): string | undefined {
  let asked = 0;
  let wasAnswered = false;
  let hasPeerAsked = false;
  const refusals = new Map<string, number>();
  for (const line of evidence) {
    const [, arrow, code, options = ""] = PACKET.exec(line) ?? [];
    if (arrow === ">" && code === "ConfReq") asked++;
    if (arrow === "<" && code === "ConfReq") hasPeerAsked = true;
    if (arrow === "<" && code !== "ConfReq") wasAnswered = true;
    if (code === "ConfNak" || code === "ConfRej") {
      const key = `${arrow === "<" ? "the peer refuses" : "we refuse"}${options.replace(/ magic \w+/, "")}`;
      refusals.set(key, (refusals.get(key) ?? 0) + 1);
    }
  }
  const [refusal] = [...refusals].sort(([, a], [, b]) => b - a);
  if (refusal !== undefined && refusal[1] >= MANY) {
    return `Change that option, here or there: ${refusal[0]}, ${
      refusal[1]
    } times (--accm, --mru, --auth, --no-vj).`;
  }
  if (asked < MANY || wasAnswered) return undefined;
  return hasPeerAsked
    ? "The peer asks, and answers none of our requests: what we send does not arrive there. Check the wire from our TX to its RX, " +
      "flow control (`--flow none`), and the speed (`--baud`)."
    : undefined;
}
