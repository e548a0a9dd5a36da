import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { concatenate } from "./chain.ts";
import {
  completeChecksum,
  finishSum,
  foldSum,
  pseudoHeaderSumV4,
  pseudoHeaderSumV6,
  sumBytes,
  sumPbuf,
  sumPbufRange,
  swapSum,
  updateChecksum16,
  updateChecksum32,
} from "./checksum.ts";
import { parseHex } from "./hex.ts";
import type { Pbuf } from "./pbuf.ts";
import { PbufPool } from "./pool.ts";

const CLASSES = [{ slotBytes: 256, slots: 64 }, { slotBytes: 2048, slots: 64 }];

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The definition, word by word (RFC 1071 §1). */
function naiveSum(bytes: Uint8Array | number[]): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) {
    sum += bytes[i]! * 256 + (bytes[i + 1] ?? 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

/** 0 and 0xffff are the same number in one's complement. */
function canonical(sum: number): number {
  return sum === 0xffff ? 0 : sum;
}

function sumOf(bytes: Uint8Array, initial = 0): number {
  return sumBytes(bytes, viewOf(bytes), 0, bytes.length, initial);
}

/** A chain with a node for each piece. */
function chainOf(pool: PbufPool, pieces: readonly Uint8Array[], headroom: number): Pbuf {
  let head: Pbuf | undefined;
  for (const piece of pieces) {
    const p = pool.acquire(piece.length, headroom)!;
    p.bytes.set(piece, p.start);
    if (head === undefined) head = p;
    else concatenate(head, p);
  }
  return head!;
}

Deno.test("sumBytes() of the example in RFC 1071 §3", () => {
  assertEquals(sumOf(parseHex("0001 f203 f4f5 f6f7")), 0xddf2);
});

Deno.test("sumBytes() of an IPv4 header that scapy made", () => {
  // scapy 2.5: IP(src="127.0.0.1", dst="127.0.0.1", id=0x35, flags="DF", proto=1, ttl=64, len=84)
  const header = parseHex("4500 0054 0035 4000 4001 3c72 7f00 0001 7f00 0001");
  assertEquals(finishSum(sumOf(header)), 0);
  header[10] = header[11] = 0;
  assertEquals(finishSum(sumOf(header)), 0x3c72);
});

Deno.test("sumBytes() of nothing is the initial sum", () => {
  assertEquals(sumOf(new Uint8Array(0), 0x1234), 0x1234);
});

Deno.test("sumBytes() does not overflow on 64 KiB of 0xff", () => {
  assertEquals(sumOf(new Uint8Array(0x10000).fill(0xff), 0xffff), 0xffff);
});

Deno.test("foldSum() folds up to 2^53 into 16 bits", () => {
  assertEquals(foldSum(0), 0);
  assertEquals(foldSum(0xffff), 0xffff);
  assertEquals(foldSum(0x1ffff), 1);
  assertEquals(foldSum(0xffffffff), 0xffff);
  assertEquals(foldSum(Number.MAX_SAFE_INTEGER), Number(BigInt(Number.MAX_SAFE_INTEGER) % 0xffffn));
});

Deno.test("property: foldSum() keeps the residue modulo 0xffff", () => {
  fc.assert(fc.property(fc.nat(Number.MAX_SAFE_INTEGER), (n) => {
    const folded = foldSum(n);
    assert(folded >= 0 && folded <= 0xffff && Number.isInteger(folded));
    assertEquals(canonical(folded), Number(BigInt(n) % 0xffffn));
  }));
});

Deno.test("property: sumBytes() equals the word by word sum at any alignment and length", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(7), fc.nat(0xffff), (data, offset, initial) => {
      const memory = new Uint8Array(data.length + offset + 9).fill(0xa5);
      memory.set(data, offset);
      const sum = sumBytes(memory, viewOf(memory), offset, offset + data.length, initial);
      assertEquals(canonical(sum), canonical(foldSum(naiveSum(data) + initial)));
    }),
  );
});

Deno.test("property: a sum does not depend on the order of its words, nor on being cut at an even offset", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat(60), (data, cut) => {
    const at = Math.min(2 * cut, data.length);
    const first = data.subarray(0, at);
    const second = data.subarray(at);
    assertEquals(canonical(sumOf(second, sumOf(first))), canonical(sumOf(data)));
    if (data.length % 2 === 0) assertEquals(canonical(sumOf(first, sumOf(second))), canonical(sumOf(data)));
  }));
});

Deno.test("property: sumPbuf() does not depend on where the nodes of a chain begin and end", () => {
  const pool = new PbufPool(CLASSES);
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 8 }),
      fc.nat(9),
      fc.nat(0xffff),
      (pieces, headroom, initial) => {
        const p = chainOf(pool, pieces, headroom);
        const whole = pieces.flatMap((piece) => [...piece]);
        assertEquals(canonical(sumPbuf(p, initial)), canonical(foldSum(naiveSum(whole) + initial)));
        p.release();
      },
    ),
  );
  assertEquals(pool.inUse, 0);
});

Deno.test("property: sumPbufRange() sums any range as if it stood alone", () => {
  const pool = new PbufPool(CLASSES);
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 20 }), { minLength: 1, maxLength: 6 }),
      fc.nat(100),
      fc.nat(100),
      (pieces, a, b) => {
        const p = chainOf(pool, pieces, 3);
        const whole = pieces.flatMap((piece) => [...piece]);
        const offset = Math.min(a, whole.length);
        const length = Math.min(b, whole.length - offset);
        const expected = naiveSum(whole.slice(offset, offset + length));
        assertEquals(canonical(sumPbufRange(p, offset, length, 0)), canonical(expected));
        p.release();
      },
    ),
  );
  assertEquals(pool.inUse, 0);
});

Deno.test("sumPbufRange() refuses a range outside of the packet", () => {
  const pool = new PbufPool(CLASSES);
  const p = chainOf(pool, [new Uint8Array(3), new Uint8Array(3)], 0);
  assertThrows(() => sumPbufRange(p, 4, 3, 0), RangeError);
  assertThrows(() => sumPbufRange(p, -1, 3, 0), RangeError);
  p.release();
});

Deno.test("pseudoHeaderSumV4() and the segment give the checksum that scapy computes", () => {
  // scapy 2.5: IP(src="10.9.0.2", dst="10.9.0.1")/TCP(sport=40000, dport=80, seq=1, flags="S", window=64240)
  const segment = parseHex("9c40 0050 00000001 00000000 5002 faf0 0000 0000");
  const sum = sumOf(segment, pseudoHeaderSumV4(0x0a090002, 0x0a090001, 6, segment.length));
  assertEquals(finishSum(sum), 0x044c);
});

Deno.test("pseudoHeaderSumV6() and an ICMPv6 echo request give the checksum that scapy computes (RFC 4443 §2.3)", () => {
  // scapy 2.5: IPv6(src="fe80::1", dst="ff02::1")/ICMPv6EchoRequest(id=1, seq=2, data=b"abc")
  const message = parseHex("8000 0000 0001 0002 616263");
  const sum = sumOf(
    message,
    pseudoHeaderSumV6(0xfe800000, 0, 0, 1, 0xff020000, 0, 0, 1, 58, message.length),
  );
  assertEquals(finishSum(sum), 0xbdce);
});

Deno.test("updateChecksum16() of the example that equation 2 gets wrong (RFC 1624 §4)", () => {
  assertEquals(updateChecksum16(0xdd2f, 0x5555, 0x3285), 0x0000);
});

Deno.test("property: an updated checksum equals a recomputed one (RFC 1624 §3)", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 8, maxLength: 40 }),
      fc.nat(3),
      fc.nat(0xffff),
      fc.nat(0xffffffff),
      (data, index, word, long) => {
        data[0] = 0x45; // not all zero, as no IP header is: there 0 and 0xffff differ
        if (data.length % 2 === 1) data = data.subarray(0, data.length - 1);
        const view = viewOf(data);
        const before = finishSum(sumOf(data));
        const at = index === 0 ? 2 : 2 * index;
        const updated = updateChecksum16(before, view.getUint16(at), word);
        view.setUint16(at, word);
        assertEquals(updated, finishSum(sumOf(data)));
        const again = updateChecksum32(updated, view.getUint32(4), long);
        view.setUint32(4, long);
        assertEquals(again, finishSum(sumOf(data)));
      },
    ),
  );
});

Deno.test("swapSum() is the sum of the same data at an odd offset (RFC 1071 §2 B)", () => {
  assertEquals(swapSum(0x1234), 0x3412);
});

Deno.test("completeChecksum() finishes what a driver with checksum offload would", () => {
  const pool = new PbufPool(CLASSES);
  for (const cut of [20, 21, 33, 53]) {
    const payload = Uint8Array.from({ length: 33 }, (_, i) => i * 7);
    const segment = Uint8Array.of(...parseHex("9c40 0050 00000001 00000000 5002 faf0 0000 0000"), ...payload);
    const pseudo = pseudoHeaderSumV4(0x0a090002, 0x0a090001, 6, segment.length);
    viewOf(segment).setUint16(16, pseudo);
    const p = chainOf(pool, [segment.subarray(0, cut), segment.subarray(cut)], 40);
    p.prepend(20);
    p.checksumStart = p.start + 20;
    p.checksumOffset = 16;
    assert(completeChecksum(p));
    assertEquals(p.checksumStart, -1);
    assertEquals(finishSum(sumPbufRange(p, 20, segment.length, pseudo)), 0);
    assert(completeChecksum(p), "a second call does nothing");
    p.release();
  }
  assertEquals(pool.inUse, 0);
});

Deno.test("completeChecksum() writes 0xffff where the checksum is 0 (RFC 768)", () => {
  const pool = new PbufPool(CLASSES);
  const p = chainOf(pool, [parseHex("fffe 0000 0001")], 0);
  p.checksumStart = 0;
  p.checksumOffset = 2;
  assert(completeChecksum(p));
  assertEquals(p.view.getUint16(2), 0xffff);
  p.release();
});

Deno.test("completeChecksum() refuses marks outside of the packet", () => {
  const pool = new PbufPool(CLASSES);
  const p = chainOf(pool, [new Uint8Array(8)], 8);
  for (const [start, offset] of [[4, 4], [8, 7], [8, 100]]) {
    p.checksumStart = start!;
    p.checksumOffset = offset!;
    assert(!completeChecksum(p));
    assertEquals(p.checksumStart, -1);
  }
  p.release();
});
