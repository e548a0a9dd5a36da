/** {@linkcode EventLog}: what happened last on the simulated links, to print when a run fails.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";

/** What happened to a frame.
 *
 * - `sent`: it is on its way. `delivered`: its receiver got it.
 * - `corrupted`, `truncated`, `duplicated`, `reordered`: a fault hit the frame whose `sent` follows.
 * - `lost`, `burst-lost`: dropped by {@linkcode LinkFaults.lossRate}, by {@linkcode LinkFaults.burstLoss}.
 * - `rule-dropped`, `outage`, `partitioned`, `queue-full`, `policed`, `oversize`: dropped for that reason.
 * - `no-buffer`: dropped, because the pool had no slot for the copy on the wire.
 * - `no-receiver`: dropped, because nobody is attached at the far end, or it was closed.
 */
export type LinkEventKind =
  | "sent"
  | "delivered"
  | "corrupted"
  | "truncated"
  | "duplicated"
  | "reordered"
  | "lost"
  | "burst-lost"
  | "rule-dropped"
  | "outage"
  | "partitioned"
  | "queue-full"
  | "policed"
  | "oversize"
  | "no-buffer"
  | "no-receiver";

/** One entry of an {@linkcode EventLog}. */
export interface LinkEvent {
  /** When it happened, in milliseconds of the simulation's clock. */
  readonly at: number;
  /** Name of the direction, like "link1.aToB". */
  readonly channel: string;
  /** What happened. */
  readonly kind: LinkEventKind;
  /** When the frame arrives, for `sent`; else the same as {@linkcode at}. */
  readonly arrivesAt: number;
  /** Bytes of the whole frame. */
  readonly length: number;
  /** A copy of its first bytes, at most {@linkcode EVENT_BYTES}. */
  readonly bytes: Uint8Array;
}

/** How many bytes of a frame an {@linkcode EventLog} keeps: Ethernet, IP and TCP headers with options. */
export const EVENT_BYTES = 128;

class Slot {
  at = 0;
  channel = "";
  kind: LinkEventKind = "sent";
  arrivesAt = 0;
  length = 0;
  kept = 0;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** The last events of all links of a simulation, in a ring. */
export class EventLog implements Iterable<LinkEvent> {
  readonly #slots: Slot[] = [];
  #count = 0;

  /** An empty log.
   *
   * @param capacity how many events to keep; 0 keeps none and costs nothing.
   */
  constructor(capacity: number = 50) {
    const bytes = new Uint8Array(capacity * EVENT_BYTES);
    for (let i = 0; i < capacity; i++) {
      this.#slots.push(new Slot(bytes.subarray(i * EVENT_BYTES, (i + 1) * EVENT_BYTES)));
    }
  }

  /** How many events there were, forgotten ones included. */
  get total(): number {
    return this.#count;
  }

  /** Notes an event; borrows `p` and copies its beginning. */
  record(at: number, channel: string, kind: LinkEventKind, arrivesAt: number, p: Pbuf): void {
    const capacity = this.#slots.length;
    if (capacity === 0) return;
    const slot = this.#slots[this.#count++ % capacity]!;
    slot.at = at;
    slot.channel = channel;
    slot.kind = kind;
    slot.arrivesAt = arrivesAt;
    slot.length = p.totalLength;
    slot.kept = 0;
    for (let node: Pbuf | undefined = p; node !== undefined && slot.kept < EVENT_BYTES; node = node.next) {
      const length = Math.min(node.end - node.start, EVENT_BYTES - slot.kept);
      for (let i = 0; i < length; i++) slot.bytes[slot.kept + i] = node.bytes[node.start + i]!;
      slot.kept += length;
    }
  }

  /** The kept events, oldest first. */
  *[Symbol.iterator](): Iterator<LinkEvent> {
    const capacity = this.#slots.length;
    for (let i = Math.max(0, this.#count - capacity); i < this.#count; i++) {
      const { at, channel, kind, arrivesAt, length, kept, bytes } = this.#slots[i % capacity]!;
      yield { at, channel, kind, arrivesAt, length, bytes: bytes.slice(0, kept) };
    }
  }

  /** The kept events as text, a line each, oldest first.
   *
   * @param describe turns the first bytes of a frame into words; default: the first 16 bytes in hexadecimal.
   */
  format(describe: (bytes: Uint8Array, length: number) => string = describeBytes): string {
    const lines: string[] = [];
    for (const e of this) {
      const arrival = e.kind === "sent" ? `, arrives ${e.arrivesAt.toFixed(3)}` : "";
      lines.push(
        `${e.at.toFixed(3).padStart(12)} ms  ${e.channel.padEnd(12)} ${(e.kind + arrival).padEnd(12)}  ` +
          `${e.length} bytes  ${describe(e.bytes, e.length)}`,
      );
    }
    return lines.join("\n");
  }
}

function describeBytes(bytes: Uint8Array): string {
  return Array.from(bytes.subarray(0, 16), (b) => b.toString(16).padStart(2, "0")).join(" ");
}
