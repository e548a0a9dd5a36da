import { assert, assertEquals, assertThrows } from "@std/assert";
import { seededRandom } from "@lightwire/netif";
import { EPHEMERAL_PORT_MAX, EPHEMERAL_PORT_MIN, EphemeralPorts } from "./ephemeral_ports.ts";

Deno.test("EphemeralPorts: every port of the range comes before one comes again (RFC 6056 §3.3.3)", () => {
  const ports = new EphemeralPorts(seededRandom(1));
  const seen = new Set<number>();
  for (let i = 0; i < 16384; i++) {
    const port = ports.next(() => true, 42)!;
    assert(port >= EPHEMERAL_PORT_MIN && port <= EPHEMERAL_PORT_MAX);
    seen.add(port);
  }
  assertEquals(seen.size, 16384);
});

Deno.test("EphemeralPorts: the sequence of one peer tells nothing about that of another", () => {
  const ports = new EphemeralPorts(seededRandom(2));
  const offsets = new Set<number>();
  for (let key = 0; key < 100; key++) {
    const a = ports.next(() => true, key)!;
    const b = ports.next(() => true, key + 1000)!;
    offsets.add((b - a) & 0x3fff);
  }
  assert(offsets.size > 90);
});

Deno.test("EphemeralPorts: taken ports are skipped, a full range gives undefined", () => {
  const ports = new EphemeralPorts(seededRandom(3), 100, 103);
  const taken = new Set<number>();
  for (let i = 0; i < 4; i++) taken.add(ports.next((port) => !taken.has(port), 7)!);
  assertEquals([...taken].sort(), [100, 101, 102, 103]);
  assertEquals(ports.next((port) => !taken.has(port), 7), undefined);
  assertThrows(() => new EphemeralPorts(seededRandom(1), 10, 9), RangeError);
});
