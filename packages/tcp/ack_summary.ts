/** Data plane. {@linkcode AckSummary}: what one acknowledgment has said about pieces of what was sent.
 *
 * @module
 */

/** One per layer, filled anew for each acknowledgment. All times are of the layer's clock, in milliseconds. */
export class AckSummary {
  /** DeliveredData: octets acknowledged or SACKed for the first time. */
  deliveredBytes: number;
  /** Of those, octets that were never retransmitted. */
  originalBytes: number;
  /** Octets newly SACKed. */
  sackedBytes: number;
  /** Time of transmission of the most recently sent of all pieces delivered; −Infinity if none was. */
  sentAtMs: number;
  /** Octet after it. */
  end: number;
  /** It had been retransmitted: this may be the acknowledgment of an earlier transmission. */
  isRetransmitted: boolean;
  /** A piece that was never retransmitted was delivered after one that was sent later: the path reorders (RFC 8985 §6.2, step 3). */
  isReordered: boolean;
  /** How far before what was delivered already the first octet of such a piece lies. */
  reorderedBytes: number;
  /** Octets newly found lost. */
  lostBytes: number;
  /** Octets delivered when the most recently sent piece was sent, −1 if none was delivered. */
  priorDelivered: number;
  /** When the last of those was delivered. */
  priorDeliveredAtMs: number;
  /** When that piece's flight began. */
  firstSentAtMs: number;
  /** The application had no more to send then. */
  isAppLimited: boolean;
  /** Octets in the network after that piece was sent. */
  txInFlight: number;
  /** The acknowledgment carried a D-SACK (RFC 2883). */
  hasDsack: boolean;
  /** Left edge of that D-SACK. */
  dsackLeft: number;
  /** Right edge of that D-SACK. */
  dsackRight: number;

  /** Says nothing. */
  constructor() {
    this.deliveredBytes = 0;
    this.originalBytes = 0;
    this.sackedBytes = 0;
    this.sentAtMs = -Infinity;
    this.end = 0;
    this.isRetransmitted = false;
    this.isReordered = false;
    this.reorderedBytes = 0;
    this.lostBytes = 0;
    this.priorDelivered = -1;
    this.priorDeliveredAtMs = 0;
    this.firstSentAtMs = 0;
    this.isAppLimited = false;
    this.txInFlight = 0;
    this.hasDsack = false;
    this.dsackLeft = 0;
    this.dsackRight = 0;
  }

  /** Begins an acknowledgment. */
  begin(): void {
    this.deliveredBytes = 0;
    this.originalBytes = 0;
    this.sackedBytes = 0;
    this.sentAtMs = -Infinity;
    this.isRetransmitted = false;
    this.isReordered = false;
    this.reorderedBytes = 0;
    this.lostBytes = 0;
    this.priorDelivered = -1;
    this.isAppLimited = false;
    this.txInFlight = 0;
    this.hasDsack = false;
  }
}
