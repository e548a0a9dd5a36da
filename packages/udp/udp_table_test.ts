import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { IPV4_ANY, IPV6_ANY } from "@lightwire/ip";
import { UdpBinding, UdpTable } from "./udp_table.ts";
import { address, testNetif, testRandom } from "./testdata/fake_network.ts";

const A = address("10.0.0.1");
const B = address("10.0.0.2");
const PEER = address("10.0.0.9");
const en0 = testNetif("en0", 1);
const en1 = testNetif("en1", 2);

function binding(local: typeof A, port: number, o: Partial<UdpBinding> = {}): UdpBinding {
  return Object.assign(new UdpBinding(local, port), o);
}

Deno.test("canAdd() refuses overlapping addresses of one port unless both share (SO_REUSEADDR)", () => {
  const cases: [UdpBinding, UdpBinding, boolean][] = [
    [binding(A, 7), binding(A, 7), false],
    [binding(A, 7), binding(A, 8), true],
    [binding(A, 7), binding(B, 7), true],
    [binding(A, 7), binding(IPV4_ANY, 7), false],
    [binding(IPV4_ANY, 7), binding(A, 7), false],
    [binding(IPV4_ANY, 7), binding(IPV6_ANY, 7), false],
    [binding(IPV6_ANY, 7), binding(IPV4_ANY, 7), false],
    [binding(IPV6_ANY, 7, { ipv6Only: true }), binding(IPV4_ANY, 7), true],
    [binding(IPV6_ANY, 7), binding(A, 7), false],
    [binding(IPV6_ANY, 7, { ipv6Only: true }), binding(A, 7), true],
    [binding(IPV4_ANY, 7), binding(address("fe80::1"), 7), true],
    [binding(A, 7, { reuseAddress: true }), binding(A, 7), false],
    [binding(A, 7), binding(A, 7, { reuseAddress: true }), false],
    [binding(A, 7, { reuseAddress: true }), binding(A, 7, { reuseAddress: true }), true],
    [binding(IPV4_ANY, 7, { boundNetif: en0 }), binding(IPV4_ANY, 7, { boundNetif: en1 }), true],
    [binding(IPV4_ANY, 7, { boundNetif: en0 }), binding(IPV4_ANY, 7, { boundNetif: en0 }), false],
    [binding(IPV4_ANY, 7, { boundNetif: en0 }), binding(IPV4_ANY, 7), false],
  ];
  for (const [first, second, expected] of cases) {
    const table = new UdpTable<UdpBinding>(testRandom(1));
    table.add(first);
    assertEquals(table.canAdd(second), expected, `${first.localAddress} then ${second.localAddress}`);
  }
});

Deno.test("lookup() prefers connected, then a bound address, then a bound interface, then the latest", () => {
  const table = new UdpTable<UdpBinding>(testRandom(2));
  const any = binding(IPV4_ANY, 7, { reuseAddress: true });
  const latest = binding(IPV4_ANY, 7, { reuseAddress: true });
  const onNetif = binding(IPV4_ANY, 7, { reuseAddress: true, boundNetif: en0 });
  const exact = binding(A, 7, { reuseAddress: true });
  const connected = binding(IPV4_ANY, 7, { reuseAddress: true, remoteAddress: PEER, remotePort: 99 });
  table.add(any);
  assertEquals(table.lookup(A, 7, PEER, 99, en0) === any, true);
  table.add(latest);
  assertEquals(table.lookup(A, 7, PEER, 99, en0) === latest, true);
  table.add(onNetif);
  assertEquals(table.lookup(A, 7, PEER, 99, en0) === onNetif, true);
  assertEquals(table.lookup(A, 7, PEER, 99, en1) === latest, true);
  table.add(exact);
  assertEquals(table.lookup(A, 7, PEER, 99, en0) === exact, true);
  assertEquals(table.lookup(B, 7, PEER, 99, en0) === onNetif, true);
  table.add(connected);
  assertEquals(table.lookup(A, 7, PEER, 99, en0) === connected, true);
  assertEquals(table.lookup(A, 7, PEER, 98, en0) === exact, true);
  assertEquals(table.lookup(A, 8, PEER, 99, en0), undefined);
  table.remove(connected);
  assertEquals(table.lookup(A, 7, PEER, 99, en0) === exact, true);
  assertEquals(table.size, 4);
});

Deno.test("lookup() gives an IPv4 datagram to an endpoint bound to :: unless it is IPv6 only", () => {
  const table = new UdpTable<UdpBinding>(testRandom(3));
  const dual = binding(IPV6_ANY, 7);
  table.add(dual);
  assertEquals(table.lookup(A, 7, PEER, 99, en0) === dual, true);
  table.remove(dual);
  table.add(binding(IPV6_ANY, 7, { ipv6Only: true }));
  assertEquals(table.lookup(A, 7, PEER, 99, en0), undefined);
});

Deno.test("property: lookup() equals a linear scan over any history of adds and removes", () => {
  const locals = [IPV4_ANY, A, B];
  const remotes = [undefined, PEER, A];
  fc.assert(fc.property(
    fc.array(
      fc.record({
        local: fc.integer({ min: 0, max: 2 }),
        port: fc.integer({ min: 1, max: 3 }),
        remote: fc.integer({ min: 0, max: 2 }),
        remotePort: fc.integer({ min: 1, max: 2 }),
        netif: fc.constantFrom(undefined, en0, en1),
        isRemoval: fc.boolean(),
      }),
      { maxLength: 40 },
    ),
    (steps) => {
      const table = new UdpTable<UdpBinding>(testRandom(4));
      const model: UdpBinding[] = [];
      for (const s of steps) {
        if (s.isRemoval && model.length > 0) {
          table.remove(model.splice((s.port * 7 + s.local) % model.length, 1)[0]!);
          continue;
        }
        const remote = remotes[s.remote];
        const b = binding(locals[s.local]!, s.port, { reuseAddress: true, boundNetif: s.netif });
        // One endpoint per flow: among equals the table promises the latest only for those not connected.
        if (remote !== undefined) {
          if (
            model.some((m) =>
              m.localPort === s.port && m.remotePort === s.remotePort && m.remoteAddress === remote
            )
          ) continue;
          b.remoteAddress = remote;
          b.remotePort = s.remotePort;
        }
        table.add(b);
        model.push(b);
      }
      assertEquals(table.size, model.length);
      for (const destination of [A, B]) {
        for (const port of [1, 2, 3]) {
          assertEquals(table.isPortFree(port), !model.some((m) => m.localPort === port));
          for (const source of [PEER, A]) {
            for (const sourcePort of [1, 2]) {
              for (const netif of [en0, en1]) {
                let best: UdpBinding | undefined;
                let bestScore = -1;
                for (const m of model) {
                  if (m.localPort !== port || (m.boundNetif !== undefined && m.boundNetif !== netif)) {
                    continue;
                  }
                  if (m.localAddress !== IPV4_ANY && m.localAddress !== destination) continue;
                  let score = (m.boundNetif === undefined ? 0 : 1) + (m.localAddress === IPV4_ANY ? 0 : 2);
                  if (m.remoteAddress !== undefined) {
                    if (m.remoteAddress !== source || m.remotePort !== sourcePort) continue;
                    score += 10;
                  }
                  if (score >= bestScore) {
                    best = m;
                    bestScore = score;
                  }
                }
                assertEquals(table.lookup(destination, port, source, sourcePort, netif) === best, true);
              }
            }
          }
        }
      }
    },
  ));
});

Deno.test("lookup() stays O(1) over 20,000 connected endpoints of one port", () => {
  const table = new UdpTable<UdpBinding>(testRandom(5));
  const all: UdpBinding[] = [];
  for (let i = 0; i < 20000; i++) {
    const b = binding(IPV4_ANY, 443, { reuseAddress: true, remoteAddress: PEER, remotePort: 1 + i });
    assertEquals(table.canAdd(b), true);
    table.add(b);
    all.push(b);
  }
  for (let i = 0; i < 20000; i++) assertEquals(table.lookup(A, 443, PEER, 1 + i, en0) === all[i], true);
  for (const b of all) table.remove(b);
  assertEquals(table.size, 0);
  assertEquals(table.isPortFree(443), true);
});
