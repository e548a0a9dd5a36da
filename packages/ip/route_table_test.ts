import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { Netif } from "@lightwire/netif";
import { type IpAddress, ipv4, ipv6, parseIpAddressOrThrow } from "./address.ts";
import { parsePrefix, prefixContains, prefixOf } from "./prefix.ts";
import { RouteTable, type RouteTableOptions } from "./route_table.ts";

const address = parseIpAddressOrThrow;

/** A table over interfaces that only know whether they are up. */
function table(options: RouteTableOptions = {}) {
  const en0 = { name: "en0", isUp: true } as Netif & { isUp: boolean };
  const en1 = { name: "en1", isUp: true } as Netif & { isUp: boolean };
  const owners = new Map<string, Netif>();
  const state = { changes: 0, now: 0 };
  const routes = new RouteTable(
    { ownerOf: (a) => owners.get(a.toString()), routesChanged: () => state.changes++ },
    () => state.now,
    options,
  );
  const add = (prefix: string, netif?: Netif, gateway?: string, metric = 0) =>
    routes.add({
      destination: parsePrefix(prefix)!,
      netif,
      gateway: gateway ? address(gateway) : undefined,
      metric,
    });
  const hop = (to: string, query = {}) => {
    const found = routes.lookup(address(to), query);
    return found === undefined ? undefined : `${found.nextHop} ${found.netif.name}`;
  };
  return { routes, en0, en1, owners, state, add, hop };
}

Deno.test("RouteTable: the longest prefix wins over metric and age (RFC 1812 §5.2.4.3)", () => {
  const { add, hop, en0, en1 } = table();
  add("0.0.0.0/0", en0, "10.0.0.254");
  add("10.0.0.0/24", en0);
  add("10.0.0.128/25", en1, undefined, 50);
  assertEquals(hop("192.0.2.1"), "10.0.0.254 en0");
  assertEquals(hop("10.0.0.1"), "10.0.0.1 en0");
  assertEquals(hop("10.0.0.200"), "10.0.0.200 en1");
});

Deno.test("RouteTable: among gateways to one network the smallest metric wins, and one that is down gives way", () => {
  const { add, hop, en0, en1 } = table();
  add("10.0.0.0/24", en0);
  add("10.1.0.0/24", en1);
  add("0.0.0.0/0", en0, "10.0.0.254", 20);
  add("0.0.0.0/0", en1, "10.1.0.254", 10);
  assertEquals(hop("192.0.2.1"), "10.1.0.254 en1");
  en1.isUp = false;
  assertEquals(hop("192.0.2.1"), "10.0.0.254 en0");
  en0.isUp = false;
  assertEquals(hop("192.0.2.1"), undefined);
});

Deno.test("RouteTable: a gateway that does not answer is passed over for a minute, but not if it is the only one", () => {
  const { routes, add, hop, en0, state } = table();
  add("0.0.0.0/0", en0, "10.0.0.254", 10);
  routes.gatewayChanged(address("10.0.0.254"), false);
  assertEquals(hop("192.0.2.1"), "10.0.0.254 en0");
  add("0.0.0.0/0", en0, "10.0.0.253", 20);
  assertEquals(hop("192.0.2.1"), "10.0.0.253 en0");
  state.now = 60_000;
  assertEquals(hop("192.0.2.1"), "10.0.0.254 en0");
  routes.gatewayChanged(address("10.0.0.254"), false);
  routes.gatewayChanged(address("10.0.0.254"), true);
  assertEquals(hop("192.0.2.1"), "10.0.0.254 en0");
});

Deno.test("RouteTable: a known source address chooses among interfaces, as told", () => {
  const configured = (sourceRouting: RouteTableOptions["sourceRouting"]) => {
    const t = table({ sourceRouting });
    t.owners.set("10.0.0.1", t.en0).set("10.0.0.2", t.en1);
    t.add("10.0.0.0/24", t.en0);
    t.add("10.0.0.0/24", t.en1);
    t.add("172.16.0.0/12", t.en0);
    t.add("0.0.0.0/0", t.en1, "10.0.0.254");
    return t;
  };
  for (const mode of ["interface", "prefix", "strict"] as const) {
    const { hop } = configured(mode);
    assertEquals(hop("10.0.0.9", { source: address("10.0.0.1") }), "10.0.0.9 en0");
    assertEquals(hop("10.0.0.9", { source: address("10.0.0.2") }), "10.0.0.9 en1");
    assertEquals(hop("10.0.0.9", { source: ipv4(0) }), "10.0.0.9 en0");
  }
  const from2 = { source: address("10.0.0.2") };
  const from1 = { source: address("10.0.0.1") };
  assertEquals(configured("interface").hop("172.16.0.1", from2), "10.0.0.254 en1");
  assertEquals(configured("prefix").hop("172.16.0.1", from2), "172.16.0.1 en0");
  assertEquals(configured("interface").hop("192.0.2.1", from1), "10.0.0.254 en1");
  assertEquals(configured("strict").hop("192.0.2.1", from1), undefined);
});

Deno.test("RouteTable: a bound interface sees only its own routes", () => {
  const { add, hop, en0, en1 } = table();
  add("0.0.0.0/0", en0, "10.0.0.254");
  add("10.1.0.0/24", en1);
  assertEquals(hop("192.0.2.1", { boundNetif: en1 }), undefined);
  assertEquals(hop("10.1.0.9", { boundNetif: en1 }), "10.1.0.9 en1");
  assertEquals(hop("10.1.0.9", { boundNetif: en0 }), "10.0.0.254 en0");
});

Deno.test("RouteTable: a gateway without interface is looked for on the links at each lookup", () => {
  const { add, hop, en1 } = table();
  add("0.0.0.0/0", undefined, "10.1.0.254");
  assertEquals(hop("192.0.2.1"), undefined);
  add("10.1.0.0/24", en1);
  assertEquals(hop("192.0.2.1"), "10.1.0.254 en1");
});

Deno.test("RouteTable: add() replaces the same route, refuses nonsense and keeps its bound; remove() counts", () => {
  const { routes, add, en0, state } = table({ routesMax: 2 });
  add("10.0.0.0/8", en0, "10.0.0.254", 5);
  add("10.0.0.0/8", en0, "10.0.0.254", 7);
  assertEquals(routes.size, 1);
  assertEquals(`${[...routes]}`, "10.0.0.0/8 via 10.0.0.254 dev en0 metric 7");
  add("10.0.0.0/8", en0);
  assertThrows(() => add("10.0.0.0/9", en0), RangeError, "holds 2 already");
  assertThrows(() => add("10.0.0.0/8"), TypeError, "without gateway and interface");
  assertThrows(() => add("10.0.0.0/8", en0, "::1"), TypeError, "families differ");
  assertEquals(state.changes, 3);
  assertEquals(routes.remove((route) => route.gateway === undefined), 1);
  const [rest] = [...routes];
  assertEquals(routes.remove(rest!), 1);
  assertEquals(routes.remove(rest!), 0);
  assertEquals(routes.size, 0);
  assertEquals(state.changes, 5);
});

Deno.test("property: lookup equals a linear scan, for both families, with routes coming and going", () => {
  const bits = fc.nat(15).map((n) => (n << 28) >>> 0);
  const prefix4 = fc.tuple(bits, fc.integer({ min: 0, max: 6 })).map(([b, l]) => prefixOf(ipv4(b), l));
  const prefix6 = fc.tuple(bits, fc.integer({ min: 0, max: 6 })).map(([b, l]) =>
    prefixOf(ipv6(b, 0, 0, 0), l)
  );
  const step = fc.tuple(fc.oneof(prefix4, prefix6), fc.nat(3), fc.nat(3), fc.boolean());
  const target: fc.Arbitrary<IpAddress> = fc.oneof(
    bits.map((b) => ipv4(b)),
    bits.map((b) => ipv6(b, 1, 2, 3)),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), fc.array(target, { maxLength: 8 }), (steps, targets) => {
      const { routes, en0, en1 } = table();
      for (const [destination, gateway, metric, isRemoved] of steps) {
        const base = destination.address.family === 4 ? ipv4(gateway + 1) : ipv6(0, 0, 0, gateway + 1);
        const route = routes.add({ destination, gateway: base, netif: gateway % 2 ? en0 : en1, metric });
        if (isRemoved) assertEquals(routes.remove(route), 1);
      }
      const all = [...routes];
      assertEquals(all.length, routes.size);
      for (const t of targets) {
        const fitting = all.filter((route) => prefixContains(route.destination, t));
        const longest = Math.max(...fitting.map((route) => route.destination.length));
        const best = fitting.filter((route) => route.destination.length === longest)
          .sort((a, b) => a.metric - b.metric)[0];
        const found = routes.lookup(t);
        assertStrictEquals(found?.route, best);
        assert(found === undefined || found.netif === best!.netif);
      }
    }),
  );
});
