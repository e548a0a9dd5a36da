import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type IpAddress, ipv4, IPV4_ANY, ipv6, IPV6_ANY } from "@lightwire/ip";
import type { Netif } from "@lightwire/netif";
import { type ConnectionKey, ConnectionTable, type ListenerKey, ListenerTable } from "./demux.ts";

const LOCAL = ipv4(0x0a000001);

function key(remote: number, remotePort: number, localPort: number = 80): ConnectionKey {
  return { localAddress: LOCAL, localPort, remoteAddress: ipv4(remote), remotePort };
}

function find<T extends ConnectionKey>(table: ConnectionTable<T>, k: ConnectionKey): T | undefined {
  return table.lookup(k.localAddress, k.localPort, k.remoteAddress, k.remotePort);
}

Deno.test("ConnectionTable finds by all four numbers", () => {
  const table = new ConnectionTable<ConnectionKey>(1);
  const a = key(1, 1000);
  assert(table.add(a));
  assert(find(table, key(1, 1000)) === a);
  assertEquals(find(table, key(2, 1000)), undefined);
  assertEquals(find(table, key(1, 1001)), undefined);
  assertEquals(find(table, key(1, 1000, 81)), undefined);
  assertEquals(table.lookup(ipv4(0x0a000002), 80, ipv4(1), 1000), undefined);
  assert(!table.add(key(1, 1000)), "four numbers are taken once");
  assert(!table.remove(key(1, 1000)), "another object");
  assert(table.remove(a));
  assertEquals([table.size, find(table, a)], [0, undefined]);
});

Deno.test("ConnectionTable keeps IPv6 and zones apart", () => {
  const table = new ConnectionTable<ConnectionKey>(1);
  const peer = (zone: number): ConnectionKey => ({
    localAddress: ipv6(0xfe800000, 0, 0, 1, zone),
    localPort: 80,
    remoteAddress: ipv6(0xfe800000, 0, 0, 2, zone),
    remotePort: 9,
  });
  const one = peer(1);
  const two = peer(2);
  assert(table.add(one) && table.add(two));
  assert(find(table, peer(1)) === one && find(table, peer(2)) === two);
  const mapped = { ...one, remoteAddress: ipv6(0, 0, 0xffff, 5) };
  table.add(mapped);
  assertEquals(table.lookup(one.localAddress, 80, ipv4(5), 9), undefined);
});

Deno.test("ConnectionTable holds 100,000 connections, and shrinks again", () => {
  const table = new ConnectionTable<ConnectionKey>(0x12345678);
  const all: ConnectionKey[] = [];
  for (let i = 0; i < 100_000; i++) {
    const k = key(0xc0a80000 + (i >> 8), 1024 + (i & 0xff));
    all.push(k);
    table.add(k);
  }
  assertEquals(table.size, 100_000);
  for (const k of all) assert(find(table, k) === k);
  for (const k of all) assert(table.remove(k));
  assertEquals(table.size, 0);
  assertEquals([...table.values()].length, 0);
});

Deno.test("property: ConnectionTable agrees with a map", () => {
  const op = fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 6 }));
  fc.assert(
    fc.property(fc.array(op, { maxLength: 300 }), fc.integer(), (ops, seed) => {
      const table = new ConnectionTable<ConnectionKey>(seed);
      const model = new Map<string, ConnectionKey>();
      for (const [isAdd, remote, port] of ops) {
        const name = `${remote}:${port}`;
        const old = model.get(name);
        if (isAdd) {
          const k = key(remote, port);
          assertEquals(table.add(k), old === undefined);
          if (old === undefined) model.set(name, k);
        } else if (old !== undefined) {
          assert(table.remove(old));
          model.delete(name);
        }
        assertEquals(table.size, model.size);
      }
      for (let remote = 0; remote <= 30; remote++) {
        for (let port = 0; port <= 6; port++) {
          assert(find(table, key(remote, port)) === model.get(`${remote}:${port}`));
        }
      }
      assertEquals(new Set(table.values()), new Set(model.values()));
    }),
    { numRuns: 50 },
  );
});

function listener(localAddress: IpAddress, isDualStack: boolean = false, boundNetif?: Netif): ListenerKey {
  return { localAddress, localPort: 80, boundNetif, isDualStack };
}

Deno.test("ListenerTable: an exact address goes before a wildcard, and that before a dual-stack one (TC-02)", () => {
  const table = new ListenerTable<ListenerKey>();
  const dual = listener(IPV6_ANY, true);
  const any = listener(IPV4_ANY);
  const exact = listener(LOCAL);
  table.add(dual);
  assert(table.lookup(LOCAL, 80, undefined) === dual);
  table.add(any);
  assert(table.lookup(LOCAL, 80, undefined) === any);
  table.add(exact);
  assert(table.lookup(LOCAL, 80, undefined) === exact);
  assert(table.lookup(ipv4(7), 80, undefined) === any);
  assert(table.lookup(ipv6(1, 2, 3, 4), 80, undefined) === dual);
  assertEquals(table.lookup(LOCAL, 81, undefined), undefined);
  assertEquals([table.size, table.onPort(80).length, table.onPort(81).length], [3, 3, 0]);
  assert(table.remove(any) && !table.remove(any));
  assert(table.lookup(ipv4(7), 80, undefined) === dual);
});

Deno.test("ListenerTable: an IPv6 wildcard of one family takes no IPv4", () => {
  const table = new ListenerTable<ListenerKey>();
  table.add(listener(IPV6_ANY));
  assertEquals(table.lookup(LOCAL, 80, undefined), undefined);
});

Deno.test("ListenerTable: a listener bound to an interface hears only that, and before others (TC-68)", () => {
  const table = new ListenerTable<ListenerKey>();
  const en0 = {} as Netif;
  const en1 = {} as Netif;
  const bound = listener(IPV4_ANY, false, en0);
  table.add(bound);
  assertEquals(table.lookup(LOCAL, 80, en1), undefined);
  const any = listener(IPV4_ANY);
  table.add(any);
  assert(table.lookup(LOCAL, 80, en0) === bound);
  assert(table.lookup(LOCAL, 80, en1) === any);
  assertEquals([...table.values()].length, 2);
});
