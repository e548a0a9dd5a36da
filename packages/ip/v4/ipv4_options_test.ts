import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseHex } from "@lightwire/pbuf";
import { copiedOptions, newIpv4Options, recordInIpv4Options, scanIpv4Options } from "./ipv4_options.ts";

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

function header(...options: number[]): Uint8Array {
  const bytes = new Uint8Array(20 + options.length);
  bytes.set(options, 20);
  return bytes;
}

Deno.test("scanIpv4Options() finds the options of packets of scapy", () => {
  // scapy 2.5.0: IPOption_RR(length=11,pointer=4,routers=['0.0.0.0']*2), and IPOption_LSRR(routers=['1.2.3.4'])
  const rr = parseHex("48000028000900004001 58bf 0a000002 0a000001 070b04 00000000 00000000 00");
  const lsrr = parseHex("47000024000900004001 d7c2 0a000002 0a000001 830704 01020304 00");
  const found = newIpv4Options();
  assert(scanIpv4Options(rr, 0, 32, found));
  assertEquals([found.recordRouteAt, found.sourceRouteAt, found.timestampAt], [20, 0, 0]);
  assert(scanIpv4Options(lsrr, 0, 28, found));
  assertEquals([found.recordRouteAt, found.sourceRouteAt, found.isStrict, found.isSourceRouteDone], [
    0,
    20,
    false,
    false,
  ]);
});

Deno.test("record route: entries go into the free slots, and none beyond (RFC 791 §3.1)", () => {
  const bytes = header(7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  const found = newIpv4Options();
  for (const address of [0x01020304, 0x05060708, 0x090a0b0c]) {
    assert(scanIpv4Options(bytes, 0, bytes.length, found));
    recordInIpv4Options(viewOf(bytes), 0, found, address, 0);
  }
  assertEquals([...bytes.subarray(20)], [7, 11, 12, 1, 2, 3, 4, 5, 6, 7, 8, 0]);
});

Deno.test("timestamp: alone, with address, for named hosts, and counting what does not fit (RFC 791 §3.1)", () => {
  const run = (bytes: Uint8Array, times = 1) => {
    const found = newIpv4Options();
    for (let i = 0; i < times; i++) {
      assert(scanIpv4Options(bytes, 0, bytes.length, found));
      recordInIpv4Options(viewOf(bytes), 0, found, 0x0a000001, 0x11223344);
    }
    return [...bytes.subarray(20)];
  };
  const stamp = [0x11, 0x22, 0x33, 0x44];
  assertEquals(run(header(68, 8, 5, 0, 0, 0, 0, 0)), [68, 8, 9, 0, ...stamp]);
  assertEquals(run(header(68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0)), [68, 12, 13, 1, 10, 0, 0, 1, ...stamp]);
  assertEquals(run(header(68, 12, 5, 3, 10, 0, 0, 1, 0, 0, 0, 0)), [68, 12, 13, 3, 10, 0, 0, 1, ...stamp]);
  assertEquals(run(header(68, 12, 5, 3, 10, 0, 0, 2, 0, 0, 0, 0)), [68, 12, 5, 3, 10, 0, 0, 2, 0, 0, 0, 0]);
  assertEquals(run(header(68, 8, 9, 0, ...stamp), 20), [68, 8, 9, 0xf0, ...stamp]);
  assertEquals(run(header(68, 8, 5, 2, 0, 0, 0, 0)), [68, 8, 5, 2, 0, 0, 0, 0]);
});

Deno.test("copiedOptions() keeps those with the copied flag, padded (RFC 791 §3.1)", () => {
  const of = (...options: number[]) => copiedOptions(header(...options), 0, 20 + options.length);
  assertEquals(of(7, 3, 4, 0), undefined);
  assertEquals(of(1, 148, 4, 0, 0, 0, 0, 0), Uint8Array.of(148, 4, 0, 0));
  assertEquals(of(131, 7, 4, 1, 2, 3, 4, 0), Uint8Array.of(131, 7, 4, 1, 2, 3, 4, 0));
  assertEquals(of(130, 40, 1, 2), undefined);
  assertEquals(of(130, 0, 1, 2), undefined);
});

Deno.test("property: scanning ends, points inside of the header, and what it accepts can be recorded in", () => {
  const anything = fc.array(fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 3, 4, 7, 8, 68, 131, 137, 148)), {
    minLength: 4,
    maxLength: 40,
  });
  fc.assert(fc.property(anything, (list) => {
    const bytes = header(...list.slice(0, list.length & ~3), 0xa5, 0xa5);
    const headerLength = bytes.length - 2;
    const found = newIpv4Options();
    if (scanIpv4Options(bytes, 0, headerLength, found)) {
      recordInIpv4Options(viewOf(bytes), 0, found, 1, 2);
    } else {
      assert(found.errorAt >= 20 && found.errorAt <= headerLength);
    }
    const copied = copiedOptions(bytes, 0, headerLength);
    assert(copied === undefined || (copied.length % 4 === 0 && copied.length <= 40));
    assertEquals([...bytes.subarray(headerLength)], [0xa5, 0xa5]);
  }));
});
