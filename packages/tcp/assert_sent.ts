/** {@linkcode assertSent}: what must always hold of the record of what is outstanding, for tests and simulations.
 *
 * @module
 */
import { PIECE_LOST, PIECE_RETRANSMITTED, PIECE_SACKED } from "./piece_store.ts";
import { seqDiff } from "./seq.ts";
import type { SentSegments } from "./sent_segments.ts";

/** Checks the books of a record.
 *
 * @param check throws when its first argument is false.
 */
export function assertSent(sent: SentSegments, check: (isTrue: boolean, what: string) => void): void {
  let sacked = 0, lost = 0, retransmitted = 0;
  for (let i = 0; i < sent.count; i++) {
    const flags = sent.flagsAt(i);
    const octets = seqDiff(sent.endAt(i), sent.startAt(i));
    check(octets > 0, "no piece is empty");
    check(i === 0 || sent.startAt(i) === sent.endAt(i - 1), "pieces are adjacent");
    if ((flags & PIECE_SACKED) !== 0) sacked += octets;
    if ((flags & PIECE_LOST) !== 0) lost += octets;
    if ((flags & PIECE_RETRANSMITTED) !== 0) retransmitted += octets;
    const isInNetwork = (flags & PIECE_SACKED) === 0 &&
      ((flags & PIECE_LOST) === 0 || (flags & PIECE_RETRANSMITTED) !== 0);
    check(sent.isListedByTime(i) === isInNetwork, "the list by time has what is in the network");
  }
  check(sacked === sent.sackedBytes && lost === sent.lostBytes, "SACKed and lost octets add up");
  check(retransmitted === sent.retransmittedBytes, "retransmitted octets add up");
}
