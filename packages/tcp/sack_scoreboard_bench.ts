import { SackScoreboard } from "./sack_scoreboard.ts";
import { Segment } from "./segment.ts";

/** A window with every tenth segment lost, SACKed segment by segment, as a receiver reports it. */
function run(holes: number): void {
  const mss = 1000;
  const board = new SackScoreboard(mss, 0);
  const sndMax = holes * 10 * mss;
  const seg = new Segment();
  seg.sackCount = 1;
  board.startRecovery();
  for (let i = 0; i < holes * 10; i++) {
    if (i % 10 === 0) {
      seg.sackLeft[0] = (i + 1) * mss;
      continue;
    }
    seg.sackRight[0] = (i + 1) * mss;
    board.update(0, sndMax, seg);
    board.pipe(sndMax);
    if (board.nextSeg(sndMax, mss, true) === 1) board.markRetransmitted(board.nextSeq + board.nextLength);
  }
}

for (const holes of [10, 100, 900]) {
  Deno.bench(`SackScoreboard: ${holes * 9} acknowledgments, ${holes} holes`, () => run(holes));
}
