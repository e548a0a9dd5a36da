/** Our TCP against Linux's through a bad network: what arrives is what was sent. How fast is `deno task bench linux-tcp`'s
 * business: nothing here depends on the time it takes.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { RelayFaults } from "./relay/relay.ts";
import { TcpLab } from "./tcp_lab.ts";

/** One network, and how much is to go through it: little, where it takes long. */
interface Cell extends Omit<RelayFaults, "seed"> {
  readonly name: string;
  readonly bytes: number;
}

const SHUFFLED = { reorderRate: 0.03, reorderByMs: 8, duplicateRate: 0.02, duplicateByMs: 3 } as const;
const LINE = { bandwidthBps: 50e6, queueBytes: 150_000 } as const;
const CELLS: readonly Cell[] = [
  { name: "no loss, RTT 0", bytes: 4_000_000 },
  { name: "0.1 % loss, RTT 20 ms", bytes: 2_000_000, lossRate: 0.001, delayMs: 10, ...LINE },
  { name: "1 % loss, RTT 20 ms", bytes: 1_000_000, lossRate: 0.01, delayMs: 10, ...LINE },
  { name: "5 % loss, RTT 20 ms", bytes: 500_000, lossRate: 0.05, delayMs: 10, ...LINE },
  { name: "10 % loss, RTT 20 ms", bytes: 200_000, lossRate: 0.1, delayMs: 10, ...LINE },
  { name: "reordering and duplicates, RTT 40 ms", bytes: 1_000_000, delayMs: 20, ...SHUFFLED, ...LINE },
  {
    name: "1 % loss, reordering and duplicates, RTT 100 ms",
    bytes: 300_000,
    lossRate: 0.01,
    delayMs: 50,
    ...SHUFFLED,
  },
  { name: "1 % loss, RTT 600 ms", bytes: 200_000, lossRate: 0.01, delayMs: 300 },
];

Deno.test("bulk between ours and Linux, both ways, arrives unharmed whatever the network does", async (t) => {
  await using lab = await TcpLab.open();
  for (const { name, bytes, ...network } of CELLS) {
    for (const [sender, receiver] of [["ours", "linux"], ["linux", "ours"]] as const) {
      await t.step(`${sender} → ${receiver}: ${name}`, async () => {
        const done = await lab.transfer({ sender, receiver, bytes, faults: { seed: 1, ...network } });
        assertEquals(done.received, done.sent);
        assert(done.counters.there.offered >= bytes / 1460, "the text went through the relay");
        if ((network.lossRate ?? 0) >= 0.01) assert(done.counters.there.dropped > 0, "something was lost");
        if (network.reorderRate !== undefined) assert(done.counters.there.reordered > 0);
        if (network.duplicateRate !== undefined) assert(done.counters.there.duplicated > 0);
      });
    }
  }
});
