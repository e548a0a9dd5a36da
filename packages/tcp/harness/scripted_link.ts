/** {@linkcode ScriptedLink}: a link driver of medium "ip" whose far end is a script.
 *
 * @module
 */
import type { Pbuf, PbufPool } from "@lightwire/pbuf";
import {
  type Clock,
  type LinkCapabilities,
  type LinkDriver,
  type LinkSink,
  NO_OFFLOAD,
} from "@lightwire/netif";

/** A packet that the stack has sent. */
export interface SentPacket {
  /** When, in clock milliseconds. */
  readonly atMs: number;
  /** The IP packet. */
  readonly bytes: Uint8Array;
}

/** Collects what is sent, and delivers what the script makes up. */
export class ScriptedLink implements LinkDriver {
  /** Packets begin with an IP header. */
  readonly medium = "ip" as const;
  /** See {@linkcode LinkDriver.mtu}. */
  readonly mtu: number;
  /** None. */
  readonly maxHeaderLength: number = 0;
  /** None. */
  readonly macAddress: undefined = undefined;
  /** None, unless the script wants some. */
  readonly capabilities: LinkCapabilities;
  /** What was sent and not taken yet, oldest first. */
  readonly sent: SentPacket[] = [];
  /** When true, `transmit` refuses: the device is full. */
  isFull: boolean = false;
  /** True while the link itself takes a buffer, for scripts that let the stack's own allocations fail. */
  isDelivering: boolean = false;
  readonly #clock: Clock;
  readonly #pool: PbufPool;
  #sink: LinkSink | undefined;

  /** A link without traffic. */
  constructor(clock: Clock, pool: PbufPool, mtu: number, capabilities: LinkCapabilities = NO_OFFLOAD) {
    this.#clock = clock;
    this.#pool = pool;
    this.mtu = mtu;
    this.capabilities = capabilities;
  }

  /** See {@linkcode LinkDriver.attach}. */
  attach(sink: LinkSink): void {
    this.#sink = sink;
  }

  /** See {@linkcode LinkDriver.transmit}. */
  transmit(p: Pbuf): boolean {
    if (this.isFull) return false;
    const bytes = new Uint8Array(p.totalLength);
    let at = 0;
    for (let node: Pbuf | undefined = p; node !== undefined; node = node.next) {
      bytes.set(node.bytes.subarray(node.start, node.end), at);
      at += node.end - node.start;
    }
    p.release();
    this.sent.push({ atMs: this.#clock.now(), bytes });
    return true;
  }

  /** Nothing is held back. */
  flush(): void {}

  /** Nothing is held. */
  close(): void {}

  /** The device has room again. */
  writable(): void {
    this.isFull = false;
    this.#sink!.linkWritable();
  }

  /** Hands one packet to the stack; the batch goes on until {@linkcode endBatch}. */
  deliver(bytes: Uint8Array, segmentBytes: number = 0): void {
    if (bytes.length > 65_535) {
      throw new RangeError(`An IP packet has at most 65535 octets: got ${bytes.length}`);
    }
    this.isDelivering = true;
    const p = this.#pool.acquire(bytes.length, 0);
    this.isDelivering = false;
    if (p === undefined) {
      throw new Error(`The pool of the harness has no buffer for a packet of ${bytes.length} octets`);
    }
    p.bytes.set(bytes, p.start);
    p.gsoSize = segmentBytes;
    this.#sink!.linkInput(p);
  }

  /** Ends a batch. */
  endBatch(): void {
    this.#sink!.inputBatchEnd();
  }
}
