/** Packet buffers of the lightwire TCP/IP stack: a bounded arena of slots, packets of one node or of a chain of them,
 * headroom for headers to come, and the Internet checksum.
 *
 * @example A packet gets a header, and everything goes back to the pool
 * ```ts
 * import { PbufPool, sumPbuf, take } from "@lightwire/pbuf";
 * import assert from "node:assert/strict";
 *
 * const pool = new PbufPool([{ slotBytes: 256, slots: 4 }]);
 * const p = pool.acquire(4, 32)!;
 * take(p, Uint8Array.of(1, 2, 3, 4));
 * p.prepend(2);
 * p.view.setUint16(p.start, 0xabcd);
 * assert.equal(p.totalLength, 6);
 * assert.equal(sumPbuf(p, 0), 0xabcd + 0x0102 + 0x0304);
 * p.release();
 * assert.equal(pool.inUse, 0);
 * ```
 *
 * @module
 */
export * from "./pbuf.ts";
export * from "./pool.ts";
export * from "./chain.ts";
export * from "./copy.ts";
export * from "./checksum.ts";
export * from "./crc.ts";
export * from "./hex_dump.ts";
export * from "./hex.ts";
export * from "./constant_time.ts";
