import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { emitSocksAddress, parseSocksAddress } from "./socks_address.ts";

Deno.test("parseSocksAddress() reads all three kinds (RFC 1928 §5)", () => {
  assertEquals(parseSocksAddress(Uint8Array.of(1, 10, 0, 0, 2, 0, 80, 9)), {
    hostname: "10.0.0.2",
    port: 80,
    length: 7,
  });
  const name = [..."a.test"].map((c) => c.charCodeAt(0));
  assertEquals(parseSocksAddress(Uint8Array.of(3, 6, ...name, 1, 187)), {
    hostname: "a.test",
    port: 443,
    length: 10,
  });
  const v6 = [0x20, 1, 0xd, 0xb8, ...new Array(11).fill(0), 1];
  assertEquals(parseSocksAddress(Uint8Array.of(4, ...v6, 0, 53)), {
    hostname: "2001:db8:0:0:0:0:0:1",
    port: 53,
    length: 19,
  });
});

Deno.test("property: parseSocksAddress() never throws, and addresses survive the round trip", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 24 }), (bytes) => {
    const address = parseSocksAddress(bytes);
    if (address === undefined || bytes[0] === 3) return;
    assertEquals(emitSocksAddress(address), bytes.slice(0, address.length));
  }));
  assertEquals([...emitSocksAddress({ hostname: "no address", port: 258 })], [1, 0, 0, 0, 0, 1, 2]);
});
