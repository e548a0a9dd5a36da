/** The loops that move the bytes of a measurement; both versions of iperf use them.
 *
 * @module
 */
/** Something that counts bytes: the test's meter, or one stream of it. */
export interface ByteCounter {
  /** Bytes so far. */
  bytes: number;
}

/** Bytes of one stream, also counted in the test's meter. */
export class StreamCounter implements ByteCounter {
  #bytes = 0;
  readonly #total: ByteCounter;

  /** @param total the test's meter. */
  constructor(total: ByteCounter) {
    this.#total = total;
  }

  /** Bytes so far. */
  get bytes(): number {
    return this.#bytes;
  }

  set bytes(value: number) {
    this.#total.bytes += value - this.#bytes;
    this.#bytes = value;
  }
}

/** Writes as much as the connection takes until `isOver()`. */
export async function sendStream(
  conn: Deno.Conn,
  block: Uint8Array,
  counter: ByteCounter,
  isOver: () => boolean,
): Promise<void> {
  while (!isOver()) {
    for (let rest = block; rest.length > 0;) {
      const count = await conn.write(rest);
      counter.bytes += count;
      if (isOver()) return;
      rest = rest.subarray(count);
    }
  }
}

/** Reads and throws away until the peer ends. */
export async function receiveStream(
  conn: Deno.Conn,
  buffer: Uint8Array,
  counter: ByteCounter,
): Promise<void> {
  for (;;) {
    const count = await conn.read(buffer);
    if (count === null) return;
    counter.bytes += count;
  }
}

/** Calls `send` at a steady rate until `isOver()`, several at once where the timer is too coarse.
 *
 * @param perSecond how many calls a second.
 */
export async function pace(
  perSecond: number,
  isOver: () => boolean,
  send: () => Promise<void>,
): Promise<void> {
  const startedAt = performance.now();
  let sent = 0;
  while (!isOver()) {
    const due = ((performance.now() - startedAt) * perSecond) / 1000 + 1;
    for (; sent < due && !isOver(); sent++) await send();
    const waitMs = startedAt + (sent * 1000) / perSecond - performance.now();
    await new Promise<void>((resolve) => setTimeout(resolve, Math.max(0, waitMs)));
  }
}

/** Order, loss and jitter of the datagrams of one stream. */
export class DatagramTracker {
  /** Datagrams received. */
  packets: number = 0;
  /** Datagrams that came after a later one. */
  outOfOrder: number = 0;
  /** RFC 3550 §6.4.1, in milliseconds. */
  jitterMs: number = 0;
  #highest = 0;
  #lastTransitMs: number | undefined;

  /** Counts datagram number `id` (from 1) that was sent at `sentAtMs` of the sender's clock. */
  arrives(id: number, sentAtMs: number, nowMs: number): void {
    this.packets++;
    if (id > this.#highest) this.#highest = id;
    else this.outOfOrder++;
    const transitMs = nowMs - sentAtMs;
    if (this.#lastTransitMs !== undefined) {
      this.jitterMs += (Math.abs(transitMs - this.#lastTransitMs) - this.jitterMs) / 16;
    }
    this.#lastTransitMs = transitMs;
  }

  /** Datagrams missing up to the highest number seen. */
  get lost(): number {
    return Math.max(0, this.#highest - this.packets);
  }
}
