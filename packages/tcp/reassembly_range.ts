/** Data plane. {@linkcode ReassemblyRange}: a run of text that arrived ahead of RCV.NXT; see `reassembly_queue.ts`.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";

/** One run of contiguous octets. */
export class ReassemblyRange {
  /** First octet. */
  left: number;
  /** Octet after the last one. */
  right: number;
  /** First packet. */
  head: Pbuf;
  /** Last packet of the chain. */
  tail: Pbuf;
  /** Pbufs. */
  nodes: number;
  /** The range that grew last before this one did, for the order of SACK blocks. */
  older: ReassemblyRange | undefined;
  /** The one that grew next. */
  newer: ReassemblyRange | undefined;

  /** A range that is in no list. */
  constructor(left: number, right: number, head: Pbuf, tail: Pbuf, nodes: number) {
    this.left = left;
    this.right = right;
    this.head = head;
    this.tail = tail;
    this.nodes = nodes;
    this.older = undefined;
    this.newer = undefined;
  }
}
