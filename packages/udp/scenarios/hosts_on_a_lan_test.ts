import { assertEquals } from "@std/assert";
import { Simulation } from "@lightwire/netif/sim";
import { IPV4_BROADCAST, parseIpAddressOrThrow as address } from "@lightwire/ip";
import { bytesOf } from "../testdata/fake_network.ts";
import { hostsOnSwitch } from "../testdata/two_hosts.ts";

/** Collects the texts that an endpoint receives. */
function listen(host: ReturnType<typeof hostsOnSwitch>[number], localPort: number) {
  const heard: Uint8Array[] = [];
  const endpoint = host.udp.open({
    localPort,
    reuseAddress: true,
    onReceive: (p) => {
      heard.push(bytesOf(p));
      p.release();
    },
  });
  return { heard, endpoint };
}

Deno.test("two hosts: datagrams of 0 to 65507 bytes arrive whole, through ARP and fragments", () => {
  using sim = new Simulation({ seed: 1 });
  const [a, b] = hostsOnSwitch(sim, 2);
  const { heard } = listen(b!, 7);
  const from = a!.udp.open();
  const sizes = [0, 1, 1472, 1473, 8000, 65507];
  for (const size of sizes) {
    const data = Uint8Array.from({ length: size }, (_, i) => i * 31);
    assertEquals(from.sendTo(data, address("10.0.0.2"), 7), undefined);
    sim.runUntilIdle(5000);
    assertEquals(heard.at(-1), data);
  }
  assertEquals(heard.length, sizes.length);
  assertEquals(b!.udp.counters.udpInErrors, 0);
  for (const host of [a!, b!]) host.ip.neighbors.clear(host.netif);
  assertEquals(sim.pool.inUse, 0);
});

Deno.test("two hosts: a closed port answers with ICMP, which reaches the endpoint as CONNECTION_REFUSED", () => {
  using sim = new Simulation({ seed: 2 });
  const hosts = hostsOnSwitch(sim, 2);
  const told: unknown[] = [];
  const e = hosts[0]!.udp.open({ onError: (error) => told.push(error.code, error.reporter.toString()) });
  e.connect(address("10.0.0.2"), 9);
  e.send(new Uint8Array(3));
  sim.runUntilIdle(5000);
  assertEquals(told, ["CONNECTION_REFUSED", "10.0.0.2"]);
  assertEquals(hosts[1]!.udp.counters.udpNoPorts, 1);
  assertEquals(sim.pool.inUse, 0);
});

Deno.test("two hosts: nobody at the address is told as HOST_UNREACHABLE", () => {
  using sim = new Simulation({ seed: 3 });
  const hosts = hostsOnSwitch(sim, 2);
  const told: unknown[] = [];
  const e = hosts[0]!.udp.open({ onError: (error) => told.push(error.code) });
  e.sendTo(new Uint8Array(3), address("10.0.0.99"), 9);
  sim.runUntilIdle(20000);
  assertEquals(told, ["HOST_UNREACHABLE"]);
  assertEquals(sim.pool.inUse, 0);
});

Deno.test("a LAN: broadcast and multicast reach who listens, and provoke no ICMP (RFC 1122 §3.2.2)", () => {
  using sim = new Simulation({ seed: 4 });
  const hosts = hostsOnSwitch(sim, 4);
  const listeners = [1, 2].map((i) => listen(hosts[i]!, 7));
  const e = hosts[0]!.udp.open({ allowBroadcast: true });
  const own = listen(hosts[0]!, 7);
  assertEquals(e.sendTo(Uint8Array.of(1), IPV4_BROADCAST, 7), undefined);
  assertEquals(e.sendTo(Uint8Array.of(2), address("10.0.0.255"), 7), undefined);
  listeners[0]!.endpoint.joinGroup(address("239.1.2.3"));
  sim.runUntilIdle(1000);
  assertEquals(e.sendTo(Uint8Array.of(3), address("239.1.2.3"), 7), undefined);
  own.endpoint.joinGroup(address("239.1.2.3"));
  assertEquals(e.sendTo(Uint8Array.of(4), address("239.1.2.3"), 7), undefined);
  sim.runUntilIdle(5000);
  assertEquals(listeners.map((l) => l.heard.map((b) => b[0])), [[1, 2, 3, 4], [1, 2]]);
  assertEquals(own.heard.map((b) => b[0]).includes(4), true);
  assertEquals(hosts[0]!.ip.icmpCounters.inMsgs, 0);
  assertEquals(hosts[3]!.udp.counters.udpNoPorts, 2);
  for (const l of [...listeners, own]) l.endpoint.close();
  sim.runUntilIdle(20000);
  assertEquals(sim.pool.inUse, 0);
});

Deno.test("a host talks to itself, never from within the send", () => {
  using sim = new Simulation({ seed: 5 });
  const [a] = hostsOnSwitch(sim, 1);
  const { heard } = listen(a!, 7);
  a!.udp.open().sendTo(Uint8Array.of(1, 2, 3), address("10.0.0.1"), 7);
  assertEquals(heard.length, 0);
  sim.runUntilIdle(100);
  assertEquals(heard, [Uint8Array.of(1, 2, 3)]);
  assertEquals(sim.pool.inUse, 0);
});

Deno.test("UDP-Lite between two hosts (RFC 3828)", () => {
  using sim = new Simulation({ seed: 6 });
  const [a, b] = hostsOnSwitch(sim, 2);
  const heard: number[] = [];
  b!.udp.open({
    lite: true,
    localPort: 7,
    onReceive: (p) => {
      heard.push(p.totalLength);
      p.release();
    },
  });
  a!.udp.open({ lite: true, sendCoverage: 12 }).sendTo(new Uint8Array(100), address("10.0.0.2"), 7);
  sim.runUntilIdle(1000);
  assertEquals(heard, [100]);
  assertEquals(sim.pool.inUse, 0);
});

Deno.test("a bad LAN: what arrives is what was sent, never anything else, and no buffer is lost", () => {
  for (let seed = 1; seed <= 20; seed++) {
    using sim = new Simulation({ seed });
    const faults = {
      lossRate: 0.05,
      delayMs: 3,
      jitterMs: 5,
      reorderRate: 0.1,
      reorderByMs: 8,
      duplicateRate: 0.05,
      corruptRate: 0.2,
      truncateRate: 0.05,
    };
    const [a, b] = hostsOnSwitch(sim, 2, { faults });
    const { heard } = listen(b!, 7);
    const from = a!.udp.open();
    for (let i = 0; i < 50; i++) {
      from.sendTo(new Uint8Array(1 + (i * 97) % 3000).fill(i + 1), address("10.0.0.2"), 7);
      sim.advance(20);
    }
    sim.runUntilIdle(60_000);
    for (const bytes of heard) {
      const i = bytes[0]! - 1;
      assertEquals(bytes, new Uint8Array(1 + (i * 97) % 3000).fill(i + 1), `seed ${seed}`);
    }
    assertEquals(sim.pool.inUse, 0, `seed ${seed}`);
  }
});
