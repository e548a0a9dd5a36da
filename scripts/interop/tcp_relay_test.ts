/** The relay by itself, between wires in memory.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { createMemoryLinkPair, type LinkDriver, TimerQueue } from "@lightwire/netif";
import { PbufPool } from "@lightwire/pbuf";
import { Relay, type RelayFaults } from "./relay/relay.ts";

const FRAME_BYTES = 100;

/** A relay whose wires end in this test. */
class Bench {
  readonly pool = new PbufPool([{ slotBytes: 256, slots: 2000 }]);
  readonly arrived: string[] = [];
  now = 0;
  readonly timers = new TimerQueue({ now: () => this.now });
  readonly relay: Relay;
  readonly #ends: readonly LinkDriver[];

  constructor(faults: RelayFaults) {
    const { timers } = this;
    const pairs = [1, 2].map(() => createMemoryLinkPair({ timersA: timers, timersB: timers }));
    this.relay = new Relay(pairs[0]![1], pairs[1]![1], timers);
    this.relay.setFaults(faults);
    this.#ends = pairs.map(([end]) => end);
    this.#ends.forEach((end, i) =>
      end.attach({
        linkInput: (p) => {
          const view = p.view;
          this.arrived.push(`${i}:${view.getUint16(p.start + 18)}:${view.getUint8(p.start + 15) & 3}`);
          if (view.getUint16(p.start + 12) === 0x0800) assertEquals(headerSum(view, p.start + 14), 0xffff);
          p.release();
        },
        inputBatchEnd: () => {},
        linkStateChanged: () => {},
        linkWritable: () => {},
      })
    );
  }

  /** Sends a frame with an identification into a wire. */
  send(from: 0 | 1, id: number, { etherType = 0x0800, ecn = 0 } = {}): void {
    const p = this.pool.acquire(FRAME_BYTES)!;
    p.bytes.fill(0, p.start, p.end);
    const { view, start } = p;
    view.setUint16(start + 12, etherType);
    view.setUint16(start + 14, 0x4500 | ecn);
    view.setUint16(start + 18, id);
    view.setUint16(start + 22, 0x4006);
    view.setUint16(start + 24, ~headerSum(view, start + 14) & 0xffff);
    this.#ends[from]!.transmit(p);
    this.timers.runDue();
  }

  run(toMs: number): void {
    for (; this.now < toMs; this.now++) this.timers.runDue();
  }
}

function headerSum(view: DataView, at: number): number {
  let sum = 0;
  for (let i = 0; i < 20; i += 2) sum += view.getUint16(at + i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

function fates(seed: number, pauseMs: number): string[] {
  const bench = new Bench({ seed, lossRate: 0.2, duplicateRate: 0.1 });
  for (let id = 1; id <= 200; id++) {
    bench.send(id % 3 === 0 ? 1 : 0, id);
    bench.now += pauseMs;
  }
  bench.run(bench.now + 100);
  bench.relay.close();
  assertEquals(bench.pool.inUse, 0);
  return bench.arrived;
}

Deno.test("relay: the same seed decides alike by packet count, however the packets are spaced", () => {
  assertEquals(fates(7, 0), fates(7, 5));
  assertNotEquals(fates(7, 0), fates(8, 0));
  assert(fates(7, 0).length < 200);
});

Deno.test("relay: delay, and what is not TCP passes unharmed and at once", () => {
  const bench = new Bench({ seed: 1, delayMs: 50, lossRate: 0 });
  bench.send(0, 1);
  bench.send(0, 2, { etherType: 0x0806 });
  assertEquals(bench.arrived, ["1:2:0"]);
  bench.run(60);
  assertEquals(bench.arrived, ["1:2:0", "1:1:0"]);
  const all = new Bench({ seed: 1, lossRate: 1 });
  all.send(1, 3);
  all.send(1, 4, { etherType: 0x0806 });
  assertEquals(all.arrived, ["0:4:0"]);
  assertEquals(all.relay.counters.back.dropped, 1);
});

Deno.test("relay: congestion marks only ECN-capable packets, and mends the checksum (RFC 3168 §5, RFC 1624 §3)", () => {
  const bench = new Bench({ seed: 1, ceRate: 1 });
  for (const ecn of [0, 1, 2, 3]) bench.send(0, ecn + 1, { ecn });
  assertEquals(bench.arrived, ["1:1:0", "1:2:3", "1:3:3", "1:4:3"]);
  assertEquals(bench.relay.counters.marked, 2);
});

Deno.test("relay: new faults begin anew: counters at zero, what was under way is lost", () => {
  const bench = new Bench({ seed: 1, delayMs: 50 });
  bench.send(0, 1);
  bench.relay.setFaults({ seed: 2 });
  bench.send(0, 2);
  bench.run(100);
  assertEquals(bench.arrived, ["1:2:0"]);
  assertEquals(bench.relay.counters.there.offered, 1);
  assertEquals(bench.pool.inUse, 0);
});
