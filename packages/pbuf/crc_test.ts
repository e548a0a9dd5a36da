import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { crc32, CRC32_GOOD, fcs16, FCS16_GOOD, fcs16Byte } from "./crc.ts";

const CHECK = new TextEncoder().encode("123456789"); // the check string of every CRC catalogue

Deno.test("fcs16() is CRC-16/X-25 (check value 0x906e)", () => {
  assertEquals(fcs16(CHECK, 0, 9) ^ 0xffff, 0x906e);
});

Deno.test("crc32() is CRC-32/ISO-HDLC (check value 0xcbf43926), also in pieces", () => {
  assertEquals(crc32(CHECK, 0, 9), 0xcbf43926);
  assertEquals(crc32(CHECK, 4, 9, crc32(CHECK, 0, 4)), 0xcbf43926);
  assertEquals(crc32(CHECK, 0, 0), 0);
});

Deno.test("property: a frame with its check sequence gives the good value, with one bit flipped it does not", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), fc.nat(), (data, bit) => {
    const fcs = fcs16(data, 0, data.length) ^ 0xffff;
    const crc = crc32(data, 0, data.length);
    const short = Uint8Array.of(...data, fcs & 0xff, fcs >>> 8);
    const long = Uint8Array.of(...data, crc & 0xff, crc >>> 8 & 0xff, crc >>> 16 & 0xff, crc >>> 24);
    assertEquals(fcs16(short, 0, short.length), FCS16_GOOD);
    assertEquals(crc32(long, 0, long.length), CRC32_GOOD);
    for (const frame of [short, long]) frame[(bit >>> 3) % frame.length]! ^= 1 << (bit & 7);
    assertEquals(fcs16(short, 0, short.length) === FCS16_GOOD, false);
    assertEquals(crc32(long, 0, long.length) === CRC32_GOOD, false);
  }));
});

Deno.test("property: fcs16Byte() byte by byte equals fcs16()", () => {
  fc.assert(fc.property(fc.uint8Array(), (data) => {
    let fcs = 0xffff;
    for (const byte of data) fcs = fcs16Byte(fcs, byte);
    assertEquals(fcs, fcs16(data, 0, data.length));
  }));
});
