import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { BROADCAST_MAC, formatMac, isGroupMac, isStationMac, parseMac, randomMac } from "./mac_address.ts";
import { seededRandom } from "./random.ts";

Deno.test("parseMac() refuses what is not an address", () => {
  for (
    const text of [
      "",
      "02:00:00:00:00",
      "02:00:00:00:00:00:00",
      "02:00:00-00:00:00",
      "2:0:0:0:0:1",
      "g2:00:00:00:00:01",
      "0200.0000",
      "02:00:00:00:00:01 ",
      "0x020000000001",
    ]
  ) assertStrictEquals(parseMac(text), undefined, text);
});

Deno.test("property: parseMac() reads what formatMac() writes, in every notation", () => {
  fc.assert(fc.property(fc.maxSafeNat().map((n) => n % 2 ** 48), (mac) => {
    const text = formatMac(mac);
    assertEquals(text.length, 17);
    const digits = text.replaceAll(":", "");
    const dotted = digits.match(/.{4}/g)!.join(".");
    for (const form of [text, text.replaceAll(":", "-"), digits, dotted, text.toUpperCase()]) {
      assertEquals(parseMac(form), mac);
    }
  }));
});

Deno.test("groups are told from stations by the first bit on the wire (IEEE 802)", () => {
  assert(isGroupMac(BROADCAST_MAC) && isGroupMac(0x01_00_5e_00_00_01) && isGroupMac(0x33_33_00_00_00_01));
  assert(!isGroupMac(0x02_00_00_00_00_01) && !isGroupMac(0));
  assert(isStationMac(0x02_00_00_00_00_01) && isStationMac(1));
  for (const mac of [0, BROADCAST_MAC, -1, 2 ** 48, 0.5, NaN]) assert(!isStationMac(mac));
});

Deno.test("randomMac() is a station's and locally administered", () => {
  const random = seededRandom("mac");
  const seen = new Set<number>();
  for (let i = 0; i < 200; i++) {
    const mac = randomMac(random);
    assert(isStationMac(mac) && (Math.floor(mac / 2 ** 40) & 2) === 2);
    seen.add(mac);
  }
  assertEquals(seen.size, 200);
});
