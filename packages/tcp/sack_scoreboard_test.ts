import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { SackScoreboard } from "./sack_scoreboard.ts";
import { Segment } from "./segment.ts";

/** Just below the wrap. */
const UNA = 0xfffff000;
const MSS = 100;

function at(offset: number): number {
  return (UNA + offset) >>> 0;
}

function sack(...blocks: [number, number][]): Segment {
  const seg = new Segment();
  seg.sackCount = blocks.length;
  blocks.forEach(([left, right], i) => {
    seg.sackLeft[i] = at(left);
    seg.sackRight[i] = at(right);
  });
  return seg;
}

function offset(seq: number): number {
  return (seq - UNA) | 0;
}

function ranges(board: SackScoreboard): [number, number][] {
  return Array.from(
    { length: board.rangeCount },
    (_, i) => [offset(board.leftAt(i)), offset(board.rightAt(i))],
  );
}

Deno.test("SackScoreboard merges blocks that touch or overlap", () => {
  const board = new SackScoreboard(MSS, UNA);
  assertEquals(board.update(UNA, at(2000), sack([200, 300])), 100);
  assertEquals(board.update(UNA, at(2000), sack([500, 600], [200, 300])), 100);
  assertEquals(board.update(UNA, at(2000), sack([300, 400], [500, 600])), 100);
  assertEquals(ranges(board), [[200, 400], [500, 600]]);
  assertEquals(board.update(UNA, at(2000), sack([100, 1000])), 600);
  assertEquals(ranges(board), [[100, 1000]]);
  assertEquals(board.sackedBytes, 900);
});

Deno.test("IsLost(): three discontiguous ranges above (RFC 6675 §4)", () => {
  const board = new SackScoreboard(MSS, UNA);
  board.update(UNA, at(2000), sack([200, 210], [300, 310]));
  assert(!board.isLost(UNA));
  board.update(UNA, at(2000), sack([400, 410]));
  assert(board.isLost(UNA) && board.isLost(at(199)));
  assert(!board.isLost(at(205)), "SACKed");
  assert(!board.isLost(at(250)), "only two above");
  assert(board.hasLoss);
});

Deno.test("IsLost(): more than two segments' worth of octets above (RFC 6675 §4)", () => {
  const board = new SackScoreboard(MSS, UNA);
  board.update(UNA, at(2000), sack([100, 300]));
  assert(!board.isLost(UNA) && !board.hasLoss);
  board.update(UNA, at(2000), sack([100, 301]));
  assert(board.isLost(UNA) && board.hasLoss);
});

Deno.test("SetPipe(): outstanding minus lost plus retransmitted (RFC 6675 §4)", () => {
  const board = new SackScoreboard(MSS, UNA);
  assertEquals(board.pipe(at(1000)), 1000);
  board.update(UNA, at(1000), sack([100, 500]));
  assertEquals(board.pipe(at(1000)), 500);
  board.startRecovery();
  board.markRetransmitted(at(100));
  assertEquals(board.pipe(at(1000)), 600);
  board.advance(at(500));
  assertEquals([board.pipe(at(1000)), board.sackedBytes, board.rangeCount], [500, 0, 0]);
});

Deno.test("NextSeg(): lost holes first, then new text, then other holes, then the rescue (RFC 6675 §4)", () => {
  const board = new SackScoreboard(MSS, UNA);
  board.update(UNA, at(1000), sack([150, 250], [350, 450], [550, 600]));
  board.startRecovery();
  assertEquals([board.nextSeg(at(1000), MSS, true), offset(board.nextSeq), board.nextLength], [1, 0, 100]);
  board.markRetransmitted(at(100));
  assertEquals([board.nextSeg(at(1000), MSS, true), offset(board.nextSeq), board.nextLength], [1, 100, 50]);
  board.markRetransmitted(at(150));
  assertEquals([board.nextSeg(at(1000), MSS, true), offset(board.nextSeq)], [2, 1000]);
  assertEquals([board.nextSeg(at(1000), MSS, false), offset(board.nextSeq), board.nextLength], [3, 250, 100]);
  board.markRetransmitted(at(350));
  assertEquals([board.nextSeg(at(1000), MSS, false), offset(board.nextSeq), board.nextLength], [3, 450, 100]);
  board.markRetransmitted(at(550));
  assertEquals([board.nextSeg(at(1000), MSS, false), offset(board.nextSeq), board.nextLength], [4, 900, 100]);
  assertEquals(board.nextSeg(at(1000), MSS, false), 0, "one rescue a recovery");
  board.startRecovery();
  assertEquals(board.nextSeg(at(1000), MSS, false), 1);
});

Deno.test("NextSeg(): there is no rescue when the end is SACKed and the last hole was repeated", () => {
  const board = new SackScoreboard(MSS, UNA);
  board.update(UNA, at(1000), sack([300, 800], [850, 1000]));
  board.startRecovery();
  board.markRetransmitted(at(850));
  assertEquals(board.nextSeg(at(1000), MSS, false), 0);
});

Deno.test("NextSeg() offers a whole hole where large segments are wanted", () => {
  const board = new SackScoreboard(MSS, UNA);
  board.update(UNA, at(5000), sack([3000, 4000]));
  board.startRecovery();
  assertEquals([board.nextSeg(at(5000), 65536, true), board.nextLength], [1, 3000]);
});

Deno.test("declareLost(): after a timeout everything unsacked is lost, once, and there is no rescue (RFC 6298 §5.4)", () => {
  const board = new SackScoreboard(MSS, UNA);
  board.startRecovery();
  board.declareLost(at(250));
  assertEquals([board.pipe(at(250)), board.hasLoss], [0, true]);
  const seen: [number, number, number][] = [];
  for (;;) {
    const rule = board.nextSeg(at(250), MSS, false);
    if (rule === 0) break;
    seen.push([rule, offset(board.nextSeq), board.nextLength]);
    board.markRetransmitted((board.nextSeq + board.nextLength) >>> 0);
  }
  assertEquals(seen, [[1, 0, 100], [1, 100, 100], [1, 200, 50]]);
  assertEquals([board.pipe(at(250)), board.pipe(at(400))], [250, 400]);
  board.update(UNA, at(400), sack([300, 350]));
  assertEquals(board.nextSeg(at(400), MSS, false), 3, "the hole behind was sent after the timeout");
});

Deno.test("SackScoreboard recognizes D-SACKs and learns nothing from them (RFC 2883 §4)", () => {
  const board = new SackScoreboard(MSS, UNA);
  board.advance(at(500));
  assertEquals(board.update(at(500), at(1000), sack([100, 200])), 0);
  assert(board.hasDsack);
  assertEquals([offset(board.dsackLeft), offset(board.dsackRight)], [100, 200]);
  assertEquals(board.update(at(500), at(1000), sack([650, 700], [600, 800])), 200);
  assert(board.hasDsack);
  assertEquals(ranges(board), [[600, 800]]);
  board.update(at(500), at(1000), sack([600, 800]));
  assert(!board.hasDsack);
  assertEquals(board.invalidBlocks, 0);
});

Deno.test("SackScoreboard refuses blocks outside of what was sent", () => {
  const board = new SackScoreboard(MSS, UNA);
  board.advance(at(500));
  board.update(at(500), at(1000), sack([900, 1001], [700, 700], [800, 750], [450, 600]));
  assertEquals([board.rangeCount, board.invalidBlocks], [0, 4]);
});

Deno.test("SackScoreboard notices that the receiver reneged (RFC 2018 §8)", () => {
  const board = new SackScoreboard(MSS, UNA);
  board.update(UNA, at(1000), sack([200, 400]));
  board.advance(at(100));
  assert(!board.isReneged);
  board.advance(at(200));
  assert(board.isReneged, "the acknowledgment stops where a SACKed range begins");
  board.clear(at(200));
  assertEquals([board.rangeCount, board.sackedBytes, board.pipe(at(1000))], [0, 0, 800]);
});

Deno.test("SackScoreboard keeps at most its bound of ranges, the lowest ones", () => {
  const board = new SackScoreboard(MSS, UNA, 20);
  for (let i = 40; i > 0; i--) board.update(UNA, at(3000), sack([i * 20, i * 20 + 10]));
  assertEquals(board.rangeCount, 20);
  assertEquals(ranges(board)[0], [20, 30]);
  assertEquals(board.update(UNA, at(3000), sack([900, 910])), 0);
  assertEquals([board.droppedRanges, board.sackedBytes], [21, 200]);
});

/** RFC 6675 §4 to the letter, octet by octet. */
class NaiveScoreboard {
  readonly sacked: Set<number> = new Set();
  una = 0;
  highRxt = 0;
  declaredLost = 0;

  ranges(): [number, number][] {
    const sorted = [...this.sacked].filter((o) => o >= this.una).sort((a, b) => a - b);
    const all: [number, number][] = [];
    for (const o of sorted) {
      const last = all[all.length - 1];
      if (last !== undefined && last[1] === o) last[1]++;
      else all.push([o, o + 1]);
    }
    return all;
  }

  isLost(octet: number, all: [number, number][]): boolean {
    if (this.sacked.has(octet)) return false;
    if (octet < this.declaredLost) return true;
    const above = all.filter(([left]) => left > octet);
    const bytes = above.reduce((sum, [left, right]) => sum + right - left, 0);
    return above.length >= 3 || bytes > 2 * MSS;
  }

  pipe(sndMax: number): number {
    const all = this.ranges();
    let pipe = 0;
    for (let o = this.una; o < sndMax; o++) {
      if (this.sacked.has(o)) continue;
      if (!this.isLost(o, all)) pipe++;
      if (o < this.highRxt) pipe++;
    }
    return pipe;
  }

  /** Rules 1 and 3 of NextSeg(): the octet, or −1. */
  hole(sndMax: number, mustBeLost: boolean): number {
    const all = this.ranges();
    let top = all.length === 0 ? this.una : all[all.length - 1]![1];
    if (mustBeLost) top = Math.max(top, this.declaredLost);
    for (let o = Math.max(this.una, this.highRxt); o < Math.min(top, sndMax); o++) {
      if (!this.sacked.has(o) && (!mustBeLost || this.isLost(o, all))) return o;
    }
    return -1;
  }
}

Deno.test("property: SackScoreboard agrees with RFC 6675 counted octet by octet", () => {
  const edge = fc.integer({ min: 0, max: 1200 });
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ blocks: fc.array(fc.tuple(edge, edge), { minLength: 1, maxLength: 4 }) }),
    },
    { weight: 2, arbitrary: fc.record({ advance: fc.integer({ min: 1, max: 120 }) }) },
    { weight: 2, arbitrary: fc.record({ retransmit: fc.integer({ min: 1, max: 150 }) }) },
    { weight: 1, arbitrary: fc.constant({ recover: true }) },
    { weight: 1, arbitrary: fc.record({ declareLost: edge }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const sndMax = 1200;
      const board = new SackScoreboard(MSS, UNA);
      const naive = new NaiveScoreboard();
      for (const s of steps) {
        if ("blocks" in s) {
          const blocks = s.blocks.map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)])
            .filter(([left, right]) => left >= naive.una && left < right);
          // Keep the first block from looking like a D-SACK of the second.
          if (blocks.length > 1 && blocks[0]![0] >= blocks[1]![0] && blocks[0]![1] <= blocks[1]![1]) {
            blocks.shift();
          }
          if (blocks.length > 1 && blocks[0]![0] >= blocks[1]![0] && blocks[0]![1] <= blocks[1]![1]) continue;
          const before = naive.sacked.size;
          for (const [left, right] of blocks) for (let o = left; o < right; o++) naive.sacked.add(o);
          assertEquals(board.update(at(naive.una), at(sndMax), sack(...blocks)), naive.sacked.size - before);
        } else if ("advance" in s) {
          naive.una = Math.min(sndMax, naive.una + s.advance);
          naive.highRxt = Math.max(naive.highRxt, naive.una);
          for (const o of naive.sacked) if (o < naive.una) naive.sacked.delete(o);
          board.advance(at(naive.una));
        } else if ("retransmit" in s) {
          naive.highRxt = Math.min(sndMax, naive.highRxt + s.retransmit);
          board.markRetransmitted(at(naive.highRxt));
        } else {
          naive.highRxt = naive.una;
          board.startRecovery();
        }
        assertEquals(ranges(board), naive.ranges());
        assertEquals(board.sackedBytes, naive.sacked.size);
        assertEquals(board.pipe(at(sndMax)), naive.pipe(sndMax));
        const all = naive.ranges();
        for (let o = naive.una; o < sndMax; o += 37) {
          assertEquals(board.isLost(at(o)), naive.isLost(o, all));
          assertEquals(board.isSacked(at(o)), naive.sacked.has(o));
        }
        const lost = naive.hole(sndMax, true);
        const hole = naive.hole(sndMax, false);
        const rule = board.nextSeg(at(sndMax), MSS, false);
        assertEquals(rule === 1, lost >= 0);
        if (lost >= 0) assertEquals(offset(board.nextSeq), lost);
        else if (hole >= 0) assertEquals([rule, offset(board.nextSeq)], [3, hole]);
        if (hole >= 0) {
          for (let o = hole; o < hole + board.nextLength; o++) assert(!naive.sacked.has(o));
          assert(board.nextLength > 0 && board.nextLength <= MSS);
        }
      }
    }),
    { numRuns: 150 },
  );
});
