/** {@linkcode SimChannelCounters}: what has become of the frames of one direction of a simulated link.
 *
 * @module
 */

/** Counters of one direction of a simulated link. */
export interface SimChannelCounters {
  /** Frames that the sender transmitted. */
  offered: number;
  /** Bytes of them. */
  offeredBytes: number;
  /** Frames that the receiver got, second copies included. */
  delivered: number;
  /** Bytes of them. */
  deliveredBytes: number;
  /** Frames with a flipped bit. */
  corrupted: number;
  /** Frames cut short. */
  truncated: number;
  /** Second copies. */
  duplicated: number;
  /** Frames held back. */
  reordered: number;
  /** Frames dropped by {@linkcode LinkFaults.lossRate}. */
  lost: number;
  /** Frames dropped by {@linkcode LinkFaults.burstLoss}. */
  burstLost: number;
  /** Frames dropped by {@linkcode LinkFaults.rule}. */
  ruleDropped: number;
  /** Frames dropped in an outage. */
  outageDropped: number;
  /** Frames dropped by a partition. */
  partitionDropped: number;
  /** Frames dropped because {@linkcode LinkFaults.queueBytes} were waiting. */
  queueDropped: number;
  /** Frames dropped by {@linkcode LinkFaults.policer}. */
  policed: number;
  /** Frames marked by {@linkcode LinkFaults.markAboveBytes}. */
  marked: number;
  /** Frames dropped because they exceed the medium's MTU or {@linkcode LinkFaults.maxFrameBytes}. */
  oversizeDropped: number;
  /** Frames dropped because the pool had no slot. */
  noBufferDropped: number;
  /** Frames dropped because nobody is attached at the far end. */
  noReceiverDropped: number;
}

/** All zero. Internal. */
export function newChannelCounters(): SimChannelCounters {
  return {
    offered: 0,
    offeredBytes: 0,
    delivered: 0,
    deliveredBytes: 0,
    corrupted: 0,
    truncated: 0,
    duplicated: 0,
    reordered: 0,
    lost: 0,
    burstLost: 0,
    ruleDropped: 0,
    outageDropped: 0,
    partitionDropped: 0,
    queueDropped: 0,
    policed: 0,
    marked: 0,
    oversizeDropped: 0,
    noBufferDropped: 0,
    noReceiverDropped: 0,
  };
}
