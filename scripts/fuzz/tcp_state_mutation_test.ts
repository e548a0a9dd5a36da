import { assert, assertEquals, assertGreater } from "@std/assert";
import { MUTATIONS, singleMutations } from "./tcp_state_mutations.ts";
import { mayEnd, runTcpStateFuzz } from "./tcp_state_mutation.ts";
import { ACK_BIT, FUZZED_STATES, RST_BIT, type SegmentSpec, TcpStateWorld } from "./tcp_state_world.ts";

const SINGLES = singleMutations().length * FUZZED_STATES.length * 2;

Deno.test("every field of a segment wrong in every way in every state: no exception, no leak, no amplification, and connections live on", () => {
  const result = runTcpStateFuzz({ seed: 7, runs: SINGLES + 3000 });
  assertEquals(result.problem, undefined);
  assertGreater(result.runs, SINGLES);
  assertGreater(result.survivors, SINGLES / 4);
  assertGreater(result.ended, 1000);
  assert(result.amplification <= 3 && result.amplification > 0.5);
});

Deno.test("a seed repeats a campaign of wrong segments", () => {
  const run = () => runTcpStateFuzz({ seed: 3, runs: 2000 });
  assertEquals(run(), run());
});

Deno.test("wrong segments reach each state that they are meant for", () => {
  const world = new TcpStateWorld(1);
  for (const state of FUZZED_STATES) {
    for (const irs of [0xffff_fff0, 0xffff_fff1]) {
      world.reach(state, irs, irs % 2 === 0);
      assertEquals(world.view().state, state === "LISTEN" ? "CLOSED" : state.replace(/,.*/, ""), state);
      world.abandon();
    }
  }
  assertEquals(world.problem, undefined);
});

Deno.test("only an exact reset may end a connection: not one in the window (RFC 5961 §3.2)", () => {
  const world = new TcpStateWorld(1);
  world.reach("ESTABLISHED", 1000, true);
  const reset = (offset: number): SegmentSpec => {
    const base = world.base();
    return { ...base, ctl: RST_BIT | ACK_BIT, seq: (base.seq + offset) >>> 0 };
  };
  assertEquals([0, 1, -1].map((offset) => mayEnd(world.view(), reset(offset))), [true, false, false]);
  world.send(reset(1));
  assertEquals(world.view().state, "ESTABLISHED");
  world.send(reset(0));
  assertEquals(world.view().state, "CLOSED");
});

Deno.test("mutations cover every field of the header and each option", () => {
  const fields = MUTATIONS.map(({ field }) => field);
  const wanted = [
    "sequence number",
    "acknowledgment number",
    "data offset",
    "reserved bits",
    "control bits",
    "window",
  ];
  for (const field of [...wanted, "checksum", "urgent pointer", "option lengths", "SACK", "timestamps"]) {
    assert(fields.includes(field), field);
  }
  assertEquals(MUTATIONS.find(({ field }) => field === "control bits")!.mutations.length, 256);
});
