/** The checker must find what it is there to find: one wrong thing each. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { PbufPool } from "@lightwire/pbuf";
import { mend, setWord } from "../fuzz/frame_layout.ts";
import { goldenFrames } from "../fuzz/golden_frames.ts";
import { FrameChecker } from "./frame_checker.ts";
import { BIT, describeFrame, WireReader } from "./wire_reader.ts";

const A = 0x0a000001;
const B = 0x0a000002;
const PORT_A = 40000;
const PORT_B = 7000;
const FROM_A = Uint8Array.from({ length: 3000 }, (_, i) => i & 0xff);
const FROM_B = Uint8Array.from({ length: 3000 }, (_, i) => (i * 7) & 0xff);
const ISS_A = 0xffffff00;
const ISS_B = 0x7fffff00;
const MSS_1000 = [2, 4, 0x03, 0xe8];
const SACK_PERMITTED = [4, 2, 1, 1];

/** One segment; `seq` and `ack` are offsets in the streams, the SYN is at −1. */
interface Segment {
  readonly from: "A" | "B";
  readonly ctl: number;
  readonly seq: number;
  readonly ack?: number;
  readonly wnd?: number;
  readonly length?: number;
  readonly options?: readonly number[];
  readonly change?: (packet: Uint8Array) => void;
}

class Wire {
  readonly checker = new FrameChecker({ medium: "ip", mtu: 1500, addressA: A, addressB: B });
  readonly #pool = new PbufPool([{ slotBytes: 4096, slots: 4 }]);

  constructor() {
    this.checker.expectFlow(PORT_B, FROM_A, FROM_B);
  }

  send(s: Segment): this {
    const isA = s.from === "A";
    const options = s.options ?? [];
    const length = s.length ?? 0;
    const frame = new Uint8Array(14 + 40 + options.length + length);
    const view = new DataView(frame.buffer, 14);
    setWord(frame, 12, 0x0800);
    view.setUint8(0, 0x45);
    view.setUint8(8, 64);
    view.setUint8(9, 6);
    view.setUint32(12, isA ? A : B);
    view.setUint32(16, isA ? B : A);
    view.setUint16(20, isA ? PORT_A : PORT_B);
    view.setUint16(22, isA ? PORT_B : PORT_A);
    view.setUint32(24, (isA ? ISS_A : ISS_B) + 1 + s.seq);
    if (s.ack !== undefined) view.setUint32(28, (isA ? ISS_B : ISS_A) + 1 + s.ack);
    view.setUint8(32, (20 + options.length) << 2);
    view.setUint8(33, s.ctl | (s.ack === undefined ? 0 : BIT.ACK));
    view.setUint16(34, s.wnd ?? 2000);
    frame.set(options, 54);
    const stream = isA ? FROM_A : FROM_B;
    frame.set(stream.subarray(Math.max(0, s.seq), Math.max(0, s.seq) + length), 54 + options.length);
    mend(frame);
    const packet = frame.subarray(14);
    s.change?.(packet);
    const p = this.#pool.acquire(packet.length)!;
    p.bytes.set(packet, p.start);
    this.checker.check(p);
    p.release();
    return this;
  }

  /** Both SYNs and the third segment. */
  open(options: readonly number[] = MSS_1000): this {
    return this.send({ from: "A", ctl: BIT.SYN, seq: -1, options })
      .send({ from: "B", ctl: BIT.SYN, seq: -1, ack: 0, options })
      .send({ from: "A", ctl: 0, seq: 0, ack: 0 });
  }
}

Deno.test("FrameChecker finds nothing wrong with a conversation that is right", () => {
  const wire = new Wire().open([...MSS_1000, ...SACK_PERMITTED])
    .send({ from: "A", ctl: BIT.PSH, seq: 0, ack: 0, length: 1000 })
    .send({ from: "A", ctl: 0, seq: 1000, ack: 0, length: 1000 })
    .send({ from: "B", ctl: 0, seq: 0, ack: 0, wnd: 2000, options: [1, 1, 5, 10, ...sackBlock(1000, 2000)] })
    .send({ from: "A", ctl: 0, seq: 0, ack: 0, length: 1000 })
    .send({ from: "B", ctl: 0, seq: 0, ack: 2000, wnd: 1000, length: 500 })
    .send({ from: "A", ctl: BIT.FIN, seq: 2000, ack: 500, length: 1000 })
    .send({ from: "B", ctl: 0, seq: 500, ack: 3001, length: 1000 })
    .send({ from: "B", ctl: BIT.RST, seq: 1500 });
  assertEquals(wire.checker.problem, undefined);
  assertEquals([wire.checker.frames, wire.checker.textSegments], [11, 6]);
});

function sackBlock(left: number, right: number): number[] {
  return [left, right].flatMap((offset) => {
    const seq = (ISS_A + 1 + offset) >>> 0;
    return [seq >>> 24, (seq >>> 16) & 255, (seq >>> 8) & 255, seq & 255];
  });
}

/** Sets the ECN field, and corrects the header checksum. */
function ecn(field: number): (packet: Uint8Array) => void {
  return (packet) => {
    packet[1] = field;
    const sum = (packet[10]! << 8 | packet[11]!) - field;
    packet[10] = (sum >> 8) & 255;
    packet[11] = sum & 255;
  };
}

/** Both sides have agreed on ECN (RFC 3168 §6.1.1). */
function openEcn(w: Wire): Wire {
  return w.send({ from: "A", ctl: BIT.SYN | BIT.ECE | BIT.CWR, seq: -1, options: MSS_1000 })
    .send({ from: "B", ctl: BIT.SYN | BIT.ECE, seq: -1, ack: 0, options: MSS_1000 })
    .send({ from: "A", ctl: 0, seq: 0, ack: 0, length: 100, change: ecn(2) });
}

const CASES: readonly (readonly [RegExp, (wire: Wire) => void])[] = [
  [/segment before the SYN/, (w) => w.send({ from: "A", ctl: 0, seq: 0, ack: 0 })],
  [
    /ECN field set in a SYN/,
    (w) => w.send({ from: "A", ctl: BIT.SYN, seq: -1, options: MSS_1000, change: ecn(2) }),
  ],
  [
    /but not negotiated/,
    (w) => w.open().send({ from: "A", ctl: 0, seq: 0, ack: 0, length: 9, change: ecn(2) }),
  ],
  [/without text/, (w) => openEcn(w).send({ from: "B", ctl: 0, seq: 0, ack: 100, change: ecn(2) })],
  [
    /in a retransmission/,
    (w) => openEcn(w).send({ from: "A", ctl: 0, seq: 0, ack: 0, length: 100, change: ecn(2) }),
  ],
  [
    /congestion experienced/,
    (w) => openEcn(w).send({ from: "A", ctl: 0, seq: 100, ack: 0, length: 9, change: ecn(3) }),
  ],
  [/SYN without an MSS/, (w) => w.send({ from: "A", ctl: BIT.SYN, seq: -1 })],
  [/exceeds the MTU/, (w) => w.send({ from: "A", ctl: BIT.SYN, seq: -1, options: [2, 4, 0x05, 0xdc] })],
  [/SYN with another number/, (w) => w.open().send({ from: "A", ctl: BIT.SYN, seq: 5, options: MSS_1000 })],
  [/never sent/, (w) => w.send({ from: "B", ctl: BIT.SYN, seq: -1, ack: 0, options: MSS_1000 })],
  [/SACK answered/, (w) => {
    w.send({ from: "A", ctl: BIT.SYN, seq: -1, options: MSS_1000 });
    w.send({ from: "B", ctl: BIT.SYN, seq: -1, ack: 0, options: [...MSS_1000, ...SACK_PERMITTED] });
  }],
  [/without ACK/, (w) => w.open().send({ from: "A", ctl: BIT.PSH, seq: 0, length: 10 })],
  [/octet 7 is wrong/, (w) =>
    w.open().send({
      from: "A",
      ctl: 0,
      seq: 0,
      ack: 0,
      length: 100,
      change: (packet) => {
        packet[47]! ^= 1;
        const frame = new Uint8Array(14 + packet.length);
        setWord(frame, 12, 0x0800);
        frame.set(packet, 14);
        mend(frame);
        packet.set(frame.subarray(14));
      },
    })],
  [/of 3000 sent/, (w) => w.open().send({ from: "A", ctl: 0, seq: 2500, ack: 0, length: 501 })],
  [/beyond the window's edge/, (w) => w.open().send({ from: "A", ctl: 0, seq: 1500, ack: 0, length: 502 })],
  [/MSS of 1000/, (w) => w.open().send({ from: "A", ctl: 0, seq: 0, ack: 0, length: 1001 })],
  [/FIN moved/, (w) => {
    w.open().send({ from: "A", ctl: BIT.FIN, seq: 100, ack: 0 }).send({
      from: "A",
      ctl: BIT.FIN,
      seq: 101,
      ack: 0,
    });
  }],
  [/behind the FIN/, (w) => {
    w.open().send({ from: "A", ctl: BIT.FIN, seq: 100, ack: 0 });
    w.send({ from: "A", ctl: 0, seq: 100, ack: 0, length: 1 });
  }],
  [/FIN in front of text/, (w) => {
    w.open().send({ from: "A", ctl: 0, seq: 0, ack: 0, length: 200 });
    w.send({ from: "A", ctl: BIT.FIN, seq: 100, ack: 0 });
  }],
  [/acknowledgment of 1, sent are 0/, (w) => w.open().send({ from: "A", ctl: 0, seq: 0, ack: 1 })],
  [/acknowledgment went back/, (w) => {
    w.open().send({ from: "A", ctl: 0, seq: 0, ack: 0, length: 200 });
    w.send({ from: "B", ctl: 0, seq: 0, ack: 200 }).send({ from: "B", ctl: 0, seq: 0, ack: 100 });
  }],
  [
    /right edge of the window went back/,
    (w) => w.open().send({ from: "A", ctl: 0, seq: 0, ack: 0, wnd: 1999 }),
  ],
  [/option of a SYN/, (w) => w.open().send({ from: "A", ctl: 0, seq: 0, ack: 0, options: MSS_1000 })],
  [/timestamp was not negotiated/, (w) => {
    w.open().send({ from: "A", ctl: 0, seq: 0, ack: 0, options: [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0] });
  }],
  [/SACK was not negotiated/, (w) => {
    w.open().send({ from: "B", ctl: 0, seq: 0, ack: 0, options: [1, 1, 5, 10, ...sackBlock(0, 1)] });
  }],
  [/SACK block/, (w) => {
    w.open([...MSS_1000, ...SACK_PERMITTED]);
    w.send({ from: "B", ctl: 0, seq: 0, ack: 0, options: [1, 1, 5, 10, ...sackBlock(10, 20)] });
  }],
  [/text in a reset/, (w) => w.open().send({ from: "A", ctl: BIT.RST, seq: 0, length: 5 })],
  [
    /TCP checksum is wrong/,
    (w) => w.open().send({ from: "A", ctl: 0, seq: 0, ack: 0, change: (p) => p[35]! ^= 1 }),
  ],
  [
    /IPv4 header checksum/,
    (w) => w.open().send({ from: "A", ctl: 0, seq: 0, ack: 0, change: (p) => p[4]! ^= 1 }),
  ],
  [/IP version 6/, (w) => w.open().send({ from: "A", ctl: 0, seq: 0, ack: 0, change: (p) => p[0] = 0x65 })],
  [/total length/, (w) => w.open().send({ from: "A", ctl: 0, seq: 0, ack: 0, change: (p) => p[3]! ^= 1 })],
];

for (const [problem, tell] of CASES) {
  Deno.test(`FrameChecker finds: ${problem.source}`, () => {
    const wire = new Wire();
    tell(wire);
    assertMatch(wire.checker.problem ?? "nothing", problem);
  });
}

Deno.test("WireReader finds nothing wrong with the frames of Linux, dnsmasq and scapy", () => {
  const reader = new WireReader();
  let segments = 0;
  for (const frame of goldenFrames()) {
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
    reader.read(view, frame.length, "ethernet", true);
    if (reader.kind === "tcp") segments++;
    const isVlan = view.getUint16(12) === 0x8100;
    if (!isVlan) assertEquals(reader.problem, undefined, reader.describe());
  }
  assert(segments > 35);
});

Deno.test("describeFrame() speaks like tcpdump", () => {
  const syn = goldenFrames().find((frame) => frame[23] === 6)!;
  const text = describeFrame(syn, syn.length, "ethernet", false);
  assertMatch(
    text,
    /^10\.0\.0\.2:33172 > 10\.0\.0\.1:80 \[SYN\] seq \d+ ack 0 win 64240 len 0 <mss 1460 wscale 10 sackOK ts/,
  );
});
