import { assert, assertEquals } from "@std/assert";
import { script, type TcpScript } from "./harness.ts";
import { established, synSent } from "./states.ts";

/** The peer fills the window once a round trip of 50 ms, for `rounds` round trips. */
function fillWindow(s: TcpScript, rounds: number, isReading: boolean): number {
  let seq = 1;
  for (let round = 0; round < rounds; round++) {
    const { rcvWnd } = s.connection!.info();
    const packets: string[] = [];
    for (let left = rcvWnd; left >= 1000; left -= 1000) {
      packets.push(`. ${seq}:${seq + 1000}(1000) ack 1`);
      seq += 1000;
    }
    s.injectBatch(...packets.slice(0, 400));
    seq -= 1000 * Math.max(0, packets.length - 400);
    if (isReading) s.call.read(1 << 20);
    s.run(s.nowMs + 50);
    s.takeAll();
  }
  return s.connection!.info().receiveBufferBytes;
}

Deno.test(
  "ESTABLISHED: the receive buffer grows for a fast reader on a long path, to its limit at most (dynamic right-sizing)",
  script((s) => {
    established(s, { receiveBufferBytes: 300_000 }, "<mss 1000,nop,wscale 7>");
    const before = s.connection!.info().receiveBufferBytes;
    const after = fillWindow(s, 12, true);
    assert(after > before, `${before} … ${after}`);
    assert(after <= 300_000, `${after}`);
    // From one full window to the next (tcpi_rcv_rtt).
    assertEquals(Math.round(s.connection!.info().receiveRttMs), 50);
  }),
);

Deno.test(
  "ESTABLISHED: the receive buffer does not grow for a user who does not read",
  script((s) => {
    established(s, {}, "<mss 1000,nop,wscale 7>");
    const before = s.connection!.info().receiveBufferBytes;
    assertEquals(fillWindow(s, 12, false), before);
    s.call.read(1 << 20);
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: a window as small as at the start does not hold up a peer in slow start (dynamic right-sizing)",
  script((s) => {
    synSent(s);
    s.at(50).inject(`S. 0:0(0) ack 1 win ${s.win} <mss 1000,nop,wscale 7>`).expect(". 1:1(0) ack 1");
    let seq = 1;
    for (let segments = 10; segments <= 320; segments *= 2) {
      const { rcvWnd } = s.connection!.info();
      assert(rcvWnd >= 1000 * segments, `${segments} segments into a window of ${rcvWnd}`);
      for (let i = 0; i < segments; i += 2) {
        s.injectBatch(`. ${seq}:${seq + 1000}(1000) ack 1`, `. ${seq + 1000}:${seq + 2000}(1000) ack 1`);
        seq += 2000;
        s.call.read(1 << 20);
        s.run(s.nowMs + 100 / segments);
      }
      s.takeAll();
    }
  }),
);
