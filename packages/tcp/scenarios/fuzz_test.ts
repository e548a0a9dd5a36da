import { assert } from "@std/assert";
import { assertTcp } from "../assert_tcb.ts";
import { ACK, FIN, RST, SYN } from "../control_bits.ts";
import { TcpScript } from "./harness.ts";
import { LOCAL_ADDRESS, PEER_ADDRESS } from "../harness/packet_harness.ts";
import {
  accepted,
  closeWait,
  closing,
  established,
  finWait1,
  finWait2,
  halfClosed,
  lastAck,
  synReceived,
  synSent,
  timeWait,
} from "./states.ts";
import { cookieCached, cookieOf, open } from "./fast_open_states.ts";
import { decodePacket, encodePacket } from "../harness/wire.ts";

const STATES: readonly (readonly [string, (s: TcpScript) => void])[] = [
  ["CLOSED", () => {}],
  ["LISTEN", (s) => s.call.listen()],
  ["SYN-SENT", synSent],
  ["SYN-RECEIVED", synReceived],
  ["ESTABLISHED", (s) => established(s, {}, "<mss 1000,sackOK,TS val 1 ecr 0,nop,wscale 3>")],
  ["ESTABLISHED, text outstanding", (s) => {
    accepted(s, {}, "<mss 1000,sackOK>");
    s.call.send(5000);
    s.takeAll();
  }],
  ["FIN-WAIT-1", finWait1],
  ["FIN-WAIT-2", finWait2],
  ["FIN-WAIT-2, half closed", halfClosed],
  ["CLOSE-WAIT", closeWait],
  ["CLOSING", closing],
  ["LAST-ACK", lastAck],
  ["TIME-WAIT", timeWait],
  ["SYN-RECEIVED, by Fast Open", (s) => {
    const cookie = cookieOf(s);
    s.inject(`S 0:10(10) win 65535 <mss 1000,${cookie}>`);
    s.call.send(3000);
  }],
  ["SYN-SENT, by Fast Open", (s) => {
    cookieCached(s);
    open(s, 2000);
  }],
  ["LISTEN, a cookie is out", (s) => {
    s.call.listen({ fastOpen: 4, halfOpenLimit: 0 });
    s.inject("S 0:0(0) win 65535 <mss 1000>");
    s.iss = s.take()!.seq;
  }],
];

/** Seeds of a run; `deno task fuzz` goes on from here. */
const RUNS = 40;
const SEGMENTS = 30;

class Lcg {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  below(bound: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#state / 0x1_0000_0000) * bound);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

/** A segment near the truth: sequence and acknowledgment numbers around the edges, odd flags, odd options, text. */
function segment(s: TcpScript, r: Lcg): Uint8Array {
  const near = (base: number): number =>
    (base + r.pick([0, 0, 1, 2, -1, 1000, 5000, 65535, 65536, -70000, 0x7fffffff, r.below(0xffffffff)])) >>>
    0;
  const options: number[] = [];
  if (r.below(3) === 0) {
    const kinds = [
      [1],
      [0],
      [2, 4, r.below(256), r.below(256)],
      [3, 3, r.below(256)],
      [4, 2],
      [8, 10, 0, 0, 0, r.below(4), 0, 0, 0, r.below(4)],
      [5, 10, ...sackEdges(s, r)],
      [r.below(256), r.below(256)],
      [34, 2],
    ];
    while (options.length < 24) options.push(...r.pick(kinds));
  }
  options.length = Math.min(options.length & ~3, 40);
  return encodePacket({
    source: PEER_ADDRESS,
    destination: LOCAL_ADDRESS,
    sourcePort: s.peerPort,
    destinationPort: s.localPort,
    seq: near(s.irs),
    ack: near(s.iss),
    ctl: r.pick([ACK, ACK, ACK, SYN, SYN | ACK, FIN | ACK, RST, RST | ACK, r.below(256)]),
    wnd: r.pick([0, 1, 100, 65535, r.below(65536)]),
    up: r.below(4) === 0 ? r.below(65536) : 0,
    options,
    text: new Uint8Array(r.pick([0, 0, 1, 10, 1000, 1400])),
  });
}

function sackEdges(s: TcpScript, r: Lcg): number[] {
  const left = (s.iss + r.below(6000)) >>> 0;
  const right = (left + r.below(3000) - 100) >>> 0;
  return [left, right].flatMap((n) => [n >>> 24, (n >>> 16) & 0xff, (n >>> 8) & 0xff, n & 0xff]);
}

/** Flips a few bits anywhere, so that checksums are mostly wrong, headers broken, lengths lies. */
function corrupt(packet: Uint8Array, r: Lcg): Uint8Array {
  for (let i = r.below(3); i >= 0; i--) packet[r.below(packet.length)]! ^= 1 << r.below(8);
  return r.below(4) === 0 ? packet.subarray(0, r.below(packet.length + 1)) : packet;
}

for (const [name, reach] of STATES) {
  Deno.test(`${name}: any segments: no exception, no leak, no bad packet, no reset to a reset, no amplification`, () => {
    for (let seed = 1; seed <= RUNS; seed++) {
      const r = new Lcg(seed * 7919);
      const s = new TcpScript({ seed });
      const reasons = `seed ${seed}`;
      reach(s);
      s.takeAll();
      s.call.hasForeignText = true;
      for (let i = 0; i < SEGMENTS; i++) {
        let packet = segment(s, r);
        const isCorrupt = r.below(5) === 0;
        if (isCorrupt) packet = corrupt(packet, r);
        const isReset = !isCorrupt && (packet[33]! & RST) !== 0;
        const outstanding = s.connection?.unackedBytes ?? 0;
        s.injectRaw(packet);
        assertTcp(s.harness.tcp);
        let bytesOut = 0;
        for (const seg of s.takeAll()) {
          assert(!isReset || (seg.ctl & RST) === 0, `${reasons}: a reset answers a reset`);
          bytesOut += 20 + seg.dataOffset + (outstanding > 0 ? 0 : seg.textLength);
        }
        assert(
          bytesOut <= 3 * Math.max(packet.length, 40) || outstanding > 0,
          `${reasons}: ${bytesOut} bytes answer ${packet.length}`,
        );
        if (r.below(6) === 0) {
          s.run(s.nowMs + r.pick([1, 50, 300, 5000, 70_000]));
          s.takeAll();
        }
        if (r.below(8) === 0 && s.connection !== undefined) {
          s.connection.read(new Uint8Array(500));
          s.harness.settle();
          s.run(s.nowMs);
          s.takeAll();
        }
      }
      // IP gives up what it took for fragments.
      s.run(s.nowMs + 120_000);
      s.takeAll();
      s.end();
    }
  });
}

Deno.test("wire: the script's own packets are what the script's own decoder takes", () => {
  const s = new TcpScript();
  const r = new Lcg(1);
  for (let i = 0; i < 100; i++) {
    const packet = encodePacket({
      source: PEER_ADDRESS,
      destination: LOCAL_ADDRESS,
      sourcePort: 1,
      destinationPort: 2,
      seq: r.below(2 ** 32),
      ack: r.below(2 ** 32),
      ctl: r.below(256),
      wnd: r.below(65536),
      up: r.below(65536),
      options: [],
      text: new Uint8Array(r.below(100)).fill(i),
    });
    assert(typeof decodePacket(packet) !== "string");
  }
  s.end();
});
