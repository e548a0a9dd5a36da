/** {@linkcode DatagramQueue}: datagrams that wait to be received.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import type { IpAddress } from "@lightwire/ip/address";

/** One datagram and where it came from. */
export interface QueuedDatagram {
  /** The payload; perhaps a chain. */
  readonly p: Pbuf;
  /** Bytes of the payload. */
  readonly length: number;
  /** The sender. */
  readonly source: IpAddress;
  /** The sender's port. */
  readonly port: number;
}

/** Taken entries at the front are moved out when there are so many. */
const COMPACT_AT = 256;

/** A FIFO bounded in number and in bytes. */
export class DatagramQueue {
  readonly #maxDatagrams: number;
  readonly #maxBytes: number;
  readonly #entries: QueuedDatagram[] = [];
  #head = 0;
  #bytes = 0;

  /** An empty queue. */
  constructor(maxDatagrams: number, maxBytes: number) {
    this.#maxDatagrams = maxDatagrams;
    this.#maxBytes = maxBytes;
  }

  /** How many wait. */
  get size(): number {
    return this.#entries.length - this.#head;
  }

  /** Adds a datagram; takes ownership of `p`, unless the queue is full: then it returns false. */
  push(p: Pbuf, source: IpAddress, port: number): boolean {
    const length = p.totalLength;
    if (this.size >= this.#maxDatagrams || this.#bytes + length > this.#maxBytes) return false;
    this.#bytes += length;
    this.#entries.push({ p, length, source, port });
    return true;
  }

  /** Takes the oldest datagram; the caller owns its packet. */
  shift(): QueuedDatagram | undefined {
    const entry = this.#entries[this.#head];
    if (entry === undefined) return undefined;
    this.#bytes -= entry.length;
    this.#head++;
    if (this.#head === this.#entries.length || this.#head >= COMPACT_AT) {
      this.#entries.splice(0, this.#head);
      this.#head = 0;
    }
    return entry;
  }

  /** Releases everything. */
  clear(): void {
    for (let entry = this.shift(); entry !== undefined; entry = this.shift()) entry.p.release();
  }
}
