/** What an unfriendly peer can make of the scoreboard and of the reassembly queue: thousands of holes. The time of each step must not
 * grow with their number (CVE-2019-11477, -11478, CVE-2018-5390).
 *
 * @module
 */
import { PbufPool } from "@lightwire/pbuf";
import { AckSummary } from "./ack_summary.ts";
import { ReassemblyQueue } from "./reassembly_queue.ts";
import { SentSegments } from "./sent_segments.ts";
import { SackBlocks } from "./tcp_options.ts";

const SMSS = 1000;

/** Segments of which every second one is SACKed, `holes` of each kind. */
function scoreboard(holes: number): SentSegments {
  const sent = new SentSegments();
  sent.reset(0, SMSS);
  for (let i = 0; i < 2 * holes; i++) sent.sent(i * SMSS, (i + 1) * SMSS, i / 1000, 0, 0, 0, 0);
  const summary = new AckSummary();
  for (let i = holes - 1; i >= 0; i--) sent.sack((2 * i + 1) * SMSS, (2 * i + 2) * SMSS, summary);
  return sent;
}

for (const holes of [1000, 10_000]) {
  Deno.bench(`scoreboard: ${holes} holes come about one by one, from the far end`, () => {
    scoreboard(holes);
  });

  Deno.bench(`scoreboard: ${holes} holes are lost, sent again, lost again one by one, and forgiven`, (b) => {
    const sent = scoreboard(holes);
    b.start();
    sent.loseOlder(Infinity);
    for (let i = 0; i < holes; i++) sent.retransmitted(sent.nextLost(), SMSS, 1e6 + i);
    for (let i = 0; i < holes; i++) {
      sent.loseOlder(1e6 + i);
      sent.retransmitted(sent.nextLost(), SMSS, 2e6 + i);
      sent.nextLost();
    }
    sent.forgiveLosses();
    b.end();
  });

  Deno.bench(`reassembly: ${holes} ranges come about, each is reported, and the gaps close`, () => {
    const pool = new PbufPool([{ slotBytes: 64, slots: 2 * holes }]);
    const queue = new ReassemblyQueue({ maxBytes: 1 << 28, maxNodes: 1 << 20 });
    const blocks = new SackBlocks();
    for (const from of [0, 10]) {
      for (let i = holes; i > 0; i--) {
        queue.insert(i * 20 + from, pool.acquire(10, 0)!, 10, false);
        queue.blocks(3, blocks);
      }
    }
    queue.clear();
  });
}
