import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { AddressMap } from "./address_map.ts";
import { type IpAddress, ipv4, ipv6 } from "./address.ts";

// Few values, so that keys repeat; words chosen so that some IPv6 addresses hash like each other.
const small = fc.constantFrom(0, 1, 0xffff, 0x9e3779b1, 0xffffffff);
const address: fc.Arbitrary<IpAddress> = fc.oneof(
  fc.nat(7).map((bits) => ipv4(bits)),
  fc.tuple(small, small, small, fc.nat(3), fc.nat(1)).map(([a, b, c, d, zone]) => ipv6(a, b, c, d, zone)),
);

Deno.test("property: AddressMap behaves like a Map keyed by text", () => {
  const step = fc.tuple(fc.constantFrom("set", "delete"), address, fc.nat(9));
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const map = new AddressMap<number>();
    const model = new Map<string, number>();
    const key = (a: IpAddress) => `${a.family}/${a}`;
    for (const [what, a, value] of steps) {
      if (what === "set") {
        map.set(a, value);
        model.set(key(a), value);
      } else {
        assertEquals(map.delete(a), model.delete(key(a)));
      }
      assertEquals(map.size, model.size);
      assertEquals(map.get(a), model.get(key(a)));
      if (a.family === 4) assertEquals(map.getIpv4(a.w3), model.get(key(a)));
    }
    assertEquals([...map.values()].sort(), [...model.values()].sort());
  }));
});

Deno.test("AddressMap: addresses with one hash are kept apart", () => {
  // The mapped address has the very words of the IPv4 one.
  const map = new AddressMap<string>();
  const a = ipv6(0, 0, 0xffff, 5);
  const b = ipv4(5);
  map.set(a, "v6");
  map.set(b, "v4");
  assertEquals(map.get(a), "v6");
  assertEquals(map.get(b), "v4");
  assertEquals(map.getIpv4(5), "v4");
  assertEquals(map.delete(a), true);
  assertEquals(map.get(a), undefined);
  assertEquals(map.get(b), "v4");
  map.clear();
  assertEquals(map.size, 0);
});
