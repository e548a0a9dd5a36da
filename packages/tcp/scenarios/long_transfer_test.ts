import { assertEquals } from "@std/assert";
import { seqAdd } from "../seq.ts";
import { script, type TcpScript } from "./harness.ts";
import { distant, established } from "./states.ts";

const GIBIBYTE = 2 ** 30;

/** As if a gibibyte of text had been sent and acknowledged: all that tells where the sender is moves on. */
function skipGibibyte(s: TcpScript): void {
  const tcb = [...s.harness.tcp.tcbs()][0]!;
  assertEquals(tcb.sndUna, tcb.sndNxt);
  for (const name of ["sndUna", "sndNxt", "sndHead", "sndSml", "sndUp", "sndWl2"] as const) {
    tcb[name] = seqAdd(tcb[name], GIBIBYTE);
  }
  s.iss = seqAdd(s.iss, GIBIBYTE);
  // Something was sent again meanwhile.
  tcb.retransmittedSegments += 2;
}

/** A segment is sent and acknowledged, by `ack`; skips a gibibyte. */
function exchange(s: TcpScript, ack: number): void {
  s.call.send(new Uint8Array(1000));
  assertEquals(s.takeAll().length, 1);
  s.wait(50).inject(`. 1:1(0) ack ${ack}`);
  s.takeAll();
  skipGibibyte(s);
}

for (let gibibytes = 1; gibibytes <= 5; gibibytes++) {
  Deno.test(
    `ESTABLISHED: three duplicates retransmit after ${gibibytes} GiB without a loss, too (RFC 6582 §3.2)`,
    script((s) => {
      established(s);
      for (let i = 1; i <= gibibytes; i++) exchange(s, i * 1000 + 1);
      s.call.send(new Uint8Array(8000));
      assertEquals(s.takeAll().length, 8);
      const una = gibibytes * 1000 + 1;
      for (let i = 0; i < 3; i++) s.inject(`. 1:1(0) ack ${una}`);
      assertEquals(s.takeAll().map((seg) => seqAdd(seg.seq, -s.iss))[0], una);
      s.inject(`. 1:1(0) ack ${una + 8000}`);
      s.takeAll();
    }),
  );

  Deno.test(
    `ESTABLISHED: a mark is heard after ${gibibytes} GiB without one, too (RFC 3168 §6.1.2)`,
    script((s) => {
      s.call.listen();
      s.inject("SEW 0:0(0) win 65535 <mss 1000,sackOK>").expect("SE. 0:0(0) ack 1");
      s.at(50).inject(". 1:1(0) ack 1");
      for (let i = 1; i <= gibibytes; i++) exchange(s, i * 1000 + 1);
      s.call.send(new Uint8Array(8000));
      s.takeAll();
      s.wait(50).inject(`E. 1:1(0) ack ${gibibytes * 1000 + 8001}`);
      assertEquals(s.harness.tcp.counters.ecnReductions, 1);
    }),
  );

  Deno.test(
    `ESTABLISHED: a D-SACK makes the reordering window larger after ${gibibytes} GiB without one, too (RFC 8985 §6.2, step 4)`,
    script((s) => {
      distant(s);
      // Three segments overtake one, which is sent again and comes twice: the path reorders.
      s.call.send(new Uint8Array(5000));
      s.takeAll();
      s.wait(50).inject(". 1:1(0) ack 1 <sack 1001:4001>").expect(". 1:1001(1000) ack 1");
      s.inject(". 1:1(0) ack 5001").wait(50).inject(". 1:1(0) ack 5001 <sack 1:1001>");
      let sent = 5001;
      const dsack = (): void => {
        s.call.send(new Uint8Array(1000));
        s.takeAll();
        sent += 1000;
        s.wait(50).inject(`. 1:1(0) ack ${sent} <sack ${sent - 1000}:${sent}>`);
        skipGibibyte(s);
      };
      dsack();
      const before = s.connection!.info().reorderingQuarters;
      for (let i = 2; i <= gibibytes; i++) exchange(s, sent += 1000);
      dsack();
      assertEquals(s.connection!.info().reorderingQuarters > before, true);
    }),
  );
}
