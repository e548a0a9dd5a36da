import { assert, assertEquals, assertThrows } from "@std/assert";
import { ipv4 } from "../mod.ts";
import { arp, decode, frame, TestHost } from "../testdata/harness.ts";

const OURS = 0x02_00_00_00_00_01;
const PEER = 0x02_00_00_00_00_99;
const BROADCAST = 0xffff_ffff_ffff;
const ADDRESS = ipv4(0x0a000005);

const PROBE = arp(1, OURS, "0.0.0.0", 0, "10.0.0.5");
const ANNOUNCEMENT = arp(1, OURS, "10.0.0.5", 0, "10.0.0.5");

/** Advances to `end` and says at which times which packets went out. */
function watch(host: TestHost, ms: number): { at: number; payload: Uint8Array }[] {
  const seen: { at: number; payload: Uint8Array }[] = [];
  const start = host.clock.time;
  const end = start + ms;
  const collect = () => {
    for (const f of host.driver.take()) {
      assertEquals(decode(f).to, BROADCAST);
      seen.push({ at: host.clock.time - start, payload: decode(f).payload });
    }
  };
  collect();
  while (host.timers.nextDeadline() <= end) {
    host.advance(host.timers.nextDeadline() - host.clock.time);
    collect();
  }
  host.advance(end - host.clock.time);
  return seen;
}

function bare(): TestHost {
  return new TestHost({ announceAddresses: true }, {});
}

Deno.test("PROBING: three probes one to two seconds apart, then two of silence, then free (RFC 5227 §2.1.1)", () => {
  const host = bare();
  const results: string[] = [];
  host.ip.probeConflict(host.netif, ADDRESS, (result) => results.push(result));
  const sent = watch(host, 10_000);
  assertEquals(sent.map((s) => s.payload), [PROBE, PROBE, PROBE]);
  const [first, second, third] = sent.map((s) => s.at);
  assert(first! >= 0 && first! < 1000);
  assert(second! - first! >= 1000 && second! - first! < 2000);
  assert(third! - second! >= 1000 && third! - second! < 2000);
  assertEquals(results, ["free"]);
  assertEquals(host.timers.size, 0);
  host.assertBalanced();
});

Deno.test("PROBING: a packet from the address, or a probe for it, is a conflict (RFC 5227 §2.1.1)", () => {
  for (
    const packet of [
      arp(2, PEER, "10.0.0.5", OURS, "0.0.0.0"),
      arp(1, PEER, "10.0.0.5", 0, "10.0.0.77"),
      arp(1, PEER, "0.0.0.0", 0, "10.0.0.5"),
    ]
  ) {
    const host = bare();
    const results: unknown[] = [];
    host.ip.probeConflict(host.netif, ADDRESS, (result, by) => results.push(result, by));
    host.advance(1500);
    host.driver.receive(frame(0x0806, packet, BROADCAST));
    assertEquals(results, ["conflict", PEER]);
    assertEquals(host.timers.size, 0);
    host.assertBalanced();
  }
});

Deno.test("PROBING: our own probe, heard back, and other people's business are no conflict", () => {
  const host = bare();
  const results: string[] = [];
  host.ip.probeConflict(host.netif, ADDRESS, (result) => results.push(result));
  host.advance(1500);
  host.driver.receive(frame(0x0806, PROBE, BROADCAST));
  host.driver.receive(frame(0x0806, arp(1, PEER, "10.0.0.6", 0, "10.0.0.5"), BROADCAST));
  host.driver.receive(frame(0x0806, arp(2, PEER, "10.0.0.6", OURS, "10.0.0.5"), BROADCAST));
  host.advance(10_000);
  assertEquals(results, ["free"]);
});

Deno.test("PROBING: can be cancelled; needs no ARP where there is none", () => {
  const host = bare();
  const results: string[] = [];
  host.ip.probeConflict(host.netif, ADDRESS, (result) => results.push(result)).cancel();
  host.advance(10_000);
  assertEquals(results, []);
  const tun = host.addNetif({ medium: "ip" });
  host.ip.probeConflict(tun, ADDRESS, (result) => results.push(result));
  assertEquals(results, []);
  host.advance(0);
  assertEquals(results, ["free"]);
  assertEquals(host.timers.size, 0);
});

Deno.test("addAddress() with detectConflict: not usable before the check, announced twice after it (RFC 5227 §2.3)", () => {
  const host = bare();
  const ready: string[] = [];
  const changes: string[] = [];
  host.ip.registerProtocol({
    protocol: 253,
    ipInput: () => "protocol-unreachable",
    ipError: () => {},
    inputBatchEnd: () => {},
    addressChanged: (a, _netif, isPresent) => changes.push(`${a} ${isPresent}`),
  });
  host.ip.addAddress(host.netif, ADDRESS, 24, {
    detectConflict: true,
    onReady: (a) => ready.push(a.toString()),
  });
  assert(!host.ip.isLocalAddress(ADDRESS));
  assertEquals(changes, []);
  host.driver.receive(frame(0x0806, arp(1, PEER, "10.0.0.6", 0, "10.0.0.5"), BROADCAST));
  assertEquals(host.driver.take(), [], "a tentative address must not be answered for");
  const sent = watch(host, 20_000);
  assertEquals(sent.map((s) => s.payload), [PROBE, PROBE, PROBE, ANNOUNCEMENT, ANNOUNCEMENT]);
  assertEquals(sent[4]!.at - sent[3]!.at, 2000);
  assertEquals(sent[3]!.at - sent[2]!.at, 2000);
  assert(host.ip.isLocalAddress(ADDRESS));
  assertEquals([ready, changes], [["10.0.0.5"], ["10.0.0.5 true"]]);
  assertEquals(host.timers.size, 0);
  host.assertBalanced();
});

Deno.test("addAddress() with detectConflict: a conflict takes the address away before anyone used it", () => {
  const host = bare();
  const conflicts: unknown[] = [];
  host.ip.addAddress(host.netif, ADDRESS, 24, {
    detectConflict: true,
    onConflict: (a, by, isLost) => conflicts.push(a.toString(), by, isLost),
  });
  host.advance(1500);
  host.driver.receive(frame(0x0806, arp(2, PEER, "10.0.0.5", OURS, "0.0.0.0")));
  assertEquals(conflicts, ["10.0.0.5", PEER, true]);
  assertEquals(host.ip.interfaces.local(ADDRESS), undefined);
  assertEquals(host.ip.routes.size, 0);
  host.advance(20_000);
  assert(!host.ip.isLocalAddress(ADDRESS));
});

Deno.test("ONGOING, policy defend: one defence, then the address is given up within ten seconds (RFC 5227 §2.4 b)", () => {
  const host = bare();
  const conflicts: boolean[] = [];
  const onConflict = (_a: unknown, _by: number, isLost: boolean) => conflicts.push(isLost);
  host.ip.addAddress(host.netif, ADDRESS, 24, { conflictPolicy: "defend", onConflict });
  host.advance(5000);
  host.driver.take();
  const intruder = frame(0x0806, arp(1, PEER, "10.0.0.5", 0, "10.0.0.5"), BROADCAST);
  host.driver.receive(intruder);
  assertEquals(decode(host.driver.take()[0]!).payload, ANNOUNCEMENT);
  host.advance(10_000);
  host.driver.receive(intruder);
  assertEquals(conflicts, [false, false]);
  assertEquals(host.driver.take().length, 1 + 0);
  host.advance(9999);
  host.driver.receive(intruder);
  assertEquals(conflicts, [false, false, true]);
  assertEquals(host.driver.take(), []);
  assert(!host.ip.isLocalAddress(ADDRESS));
});

Deno.test("ONGOING, policy keep: defended at most once in ten seconds, and never given up (RFC 5227 §2.4 c)", () => {
  const host = bare();
  host.ip.addAddress(host.netif, ADDRESS, 24);
  host.advance(5000);
  host.driver.take();
  for (let i = 0; i < 25; i++) {
    host.driver.receive(frame(0x0806, arp(2, PEER, "10.0.0.5", OURS, "10.0.0.5")));
    host.advance(1000);
  }
  assertEquals(host.driver.take().map((f) => decode(f).payload), [ANNOUNCEMENT, ANNOUNCEMENT, ANNOUNCEMENT]);
  assertEquals(host.ip.arp.counters.inConflicts, 25);
  assert(host.ip.isLocalAddress(ADDRESS));
  assertEquals(host.ip.neighbors.lookup(host.netif, ADDRESS), undefined, "an intruder is no neighbour");
});

Deno.test("ONGOING, policy abandon: given up at the first conflict (RFC 5227 §2.4 a)", () => {
  const host = bare();
  host.ip.addAddress(host.netif, ADDRESS, 24, { conflictPolicy: "abandon" });
  host.driver.receive(frame(0x0806, arp(2, PEER, "10.0.0.5", OURS, "10.0.0.5")));
  assert(!host.ip.isLocalAddress(ADDRESS));
  host.advance(5000);
  assertEquals(host.timers.size, 0);
});

Deno.test("after ten conflicts a new attempt waits for a minute (RFC 5227 §2.1.1, MAX_CONFLICTS)", () => {
  const host = bare();
  for (let i = 0; i < 10; i++) {
    host.ip.probeConflict(host.netif, ADDRESS, () => {});
    host.driver.receive(frame(0x0806, arp(1, PEER, "10.0.0.5", 0, "10.0.0.5"), BROADCAST));
  }
  host.driver.take();
  host.ip.probeConflict(host.netif, ADDRESS, () => {});
  const sent = watch(host, 70_000);
  assert(sent[0]!.at >= 60_000 && sent[0]!.at < 61_000);
});

Deno.test("a link that comes up: probing begins anew, addresses in use are announced", () => {
  const host = bare();
  const other = ipv4(0x0a000006);
  host.ip.addAddress(host.netif, other, 24);
  host.advance(5000);
  host.ip.addAddress(host.netif, ADDRESS, 24, { detectConflict: true });
  host.advance(3000);
  host.driver.take();
  host.driver.sink.linkStateChanged(false);
  host.driver.sink.linkStateChanged(true);
  const sent = watch(host, 20_000).map((s) => s.payload);
  const others = arp(1, OURS, "10.0.0.6", 0, "10.0.0.6");
  assertEquals(sent.filter((p) => `${p}` === `${others}`).length, 2);
  assertEquals(sent.filter((p) => `${p}` === `${PROBE}`).length, 3);
  assertEquals(sent.filter((p) => `${p}` === `${ANNOUNCEMENT}`).length, 2);
  host.assertBalanced();
});

Deno.test("announceIntervalMs announces again and again, as ESP-IDF does; an idle stack without it has no timer", () => {
  const host = new TestHost({ announceIntervalMs: 60_000, announceAddresses: true }, {
    addresses: ["10.0.0.5/24"],
  });
  assertEquals(watch(host, 180_000).map((s) => s.at), [2000, 60_000, 120_000, 180_000]);
  host.ip.removeAddress(host.netif, ADDRESS);
  host.advance(60_000);
  assertEquals(host.timers.size, 0);
});

Deno.test("addAddress() refuses what is no host's address, twice the same, and unknown interfaces", () => {
  const host = bare();
  assertThrows(() => host.ip.addAddress(host.netif, ipv4(0), 8), TypeError, "not the address of a host");
  assertThrows(() => host.ip.addAddress(host.netif, ipv4(0xe0000001), 8), TypeError);
  assertThrows(() => host.ip.addAddress(host.netif, ADDRESS, 33), RangeError);
  host.ip.addAddress(host.netif, ADDRESS, 24);
  assertThrows(() => host.ip.addAddress(host.netif, ADDRESS, 24), TypeError, "twice");
  host.ip.removeNetif(host.netif);
  assertThrows(() => host.ip.addAddress(host.netif, ADDRESS, 24), TypeError, "add the interface first");
});
