/** {@linkcode Sent}: a packet of the stack's that no line of the script has taken yet.
 *
 * @module
 */
import type { ReceivedSegment } from "@lightwire/tcp/harness";

/** A packet of ours. */
export interface Sent {
  /** When it was sent. */
  readonly atUs: number;
  /** As it was. */
  readonly bytes: Uint8Array;
  /** Taken apart. */
  readonly packet: ReceivedSegment;
}

/** Segments in a row that a longer one of the script's stands for.
 *
 * @param queue what was sent after `first`; what goes into the result is taken out.
 * @param length octets of text that the script's has.
 */
export function merged(first: Sent, queue: Sent[], length: number): Sent {
  let { packet } = first;
  for (;;) {
    const next = queue[0]?.packet;
    const before = packet.text.length;
    if (next === undefined || before === 0 || before + next.text.length > length) break;
    if (next.seg.seq !== (packet.seg.seq + before) >>> 0 || next.text.length === 0) break;
    queue.shift();
    const text = new Uint8Array(before + next.text.length);
    text.set(packet.text);
    text.set(next.text, before);
    const { seg } = next;
    seg.ctl |= packet.seg.ctl;
    seg.seq = packet.seg.seq;
    seg.textLength = text.length;
    packet = { ...next, seg, text };
  }
  return packet === first.packet ? first : { ...first, packet };
}
