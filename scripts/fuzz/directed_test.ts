/** Bad frames of every protocol, each wrong in one way: dropped, counted under the reason that it is, answered only where the
 * RFC says so, nothing left in memory. */
import { assert, assertEquals } from "@std/assert";
import { layoutOf, mend, setLong, setWord } from "./frame_layout.ts";
import { goldenFrames } from "./golden_frames.ts";
import { ethernetFrame, type IpFields, ipFrame, QuietHost } from "./quiet_host.ts";

const ICMP = 1;
const IGMP = 2;
const TCP = 6;
const UDP = 17;
const UDP_LITE = 136;

const ECHO = [8, 0, 0, 0, 0, 1, 0, 1, ...new Array<number>(32).fill(0xa5)];
const UDP_TO_ECHO = [0x13, 0x88, 0, 7, 0, 0, 0, 0, 1, 2, 3, 4];

/** A TCP header to port 80 with these control bits and options. */
function tcp(ctl: number, options: readonly number[] = [], text: readonly number[] = []): number[] {
  const offset = (20 + options.length) / 4;
  return [
    0x13,
    0x88,
    0,
    80,
    0,
    0,
    0,
    1,
    0,
    0,
    0,
    0,
    offset << 4,
    ctl,
    255,
    255,
    0,
    0,
    0,
    0,
    ...options,
    ...text,
  ];
}

/** Changes a frame in place. */
function changed(frame: Uint8Array, change: (frame: Uint8Array) => void): Uint8Array {
  change(frame);
  return frame;
}

/** Injects one frame into a new host: expects each counter to move by one, and so many frames in answer. */
function expectDrop(frame: Uint8Array, counters: readonly string[], answers: number = 0): void {
  const host = new QuietHost();
  const moved = host.inject(frame);
  for (const name of counters) {
    assertEquals(moved.get(name), 1, `${name}: ${JSON.stringify([...moved])}`);
  }
  assertEquals(host.sent.frames.length, answers, JSON.stringify([...moved]));
  assertEquals(host.sim.pool.inUse, 0);
}

Deno.test("the golden frames are whole: mending them changes nothing", () => {
  for (const frame of goldenFrames()) {
    const { protocol } = layoutOf(frame);
    const mended = frame.slice();
    mend(mended);
    // scapy computes the checksum of UDP-Lite as if it were UDP.
    if (protocol !== UDP_LITE) assertEquals(mended, frame);
  }
});

Deno.test("Ethernet: a frame shorter than its header is an error, at every length", () => {
  for (let length = 0; length < 14; length++) {
    expectDrop(ethernetFrame(0x0800, []).subarray(0, length), ["netif.ifInErrors"]);
  }
  for (let length = 14; length < 18; length++) {
    expectDrop(ethernetFrame(0x8100, [0, 0, 8, 0]).subarray(0, length), ["netif.ifInErrors"]);
  }
});

Deno.test("Ethernet: another station, another VLAN, an EtherType of nobody's", () => {
  expectDrop(changed(ipFrame(ICMP, ECHO), (f) => setLong(f, 2, 0x99)), ["netif.inFiltered"]);
  expectDrop(ethernetFrame(0x8100, [0, 7, ...ipFrame(ICMP, ECHO).subarray(12)]), ["netif.inFiltered"]);
  expectDrop(ethernetFrame(0x88cc, [1, 2, 3]), ["netif.ifInUnknownProtos"]);
  expectDrop(ethernetFrame(46, [1, 2, 3]), ["netif.ifInUnknownProtos"]); // an IEEE 802.3 length
});

Deno.test("ARP: truncated at every length, and wrong in every field", () => {
  const request = [0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 11, 10, 0, 0, 2, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1];
  expectDrop(ethernetFrame(0x0806, request), ["arp.inRequests"], 1);
  for (let length = 0; length < 28; length++) {
    expectDrop(ethernetFrame(0x0806, request.slice(0, length)), ["arp.inErrors"]);
  }
  for (const [at, value] of [[1, 6], [2, 0x86], [4, 8], [5, 16], [7, 0], [7, 3], [7, 255], [6, 1]] as const) {
    expectDrop(ethernetFrame(0x0806, request.with(at, value)), ["arp.inErrors"]);
  }
  // A sender that is all stations, or a group.
  expectDrop(ethernetFrame(0x0806, request.with(8, 0xff)), ["arp.inIgnored"]);
});

Deno.test("IPv4: a packet shorter than its header or its length is truncated, at every length", () => {
  const whole = ipFrame(ICMP, ECHO);
  for (let length = 14; length < whole.length; length++) {
    expectDrop(whole.slice(0, length), ["ip.drops.truncated"]);
  }
});

Deno.test("IPv4: bytes behind the packet are padding", () => {
  const host = new QuietHost();
  const padded = new Uint8Array([...ipFrame(ICMP, ECHO), ...new Array<number>(1000).fill(0x55)]);
  assertEquals(host.inject(padded).get("icmp.inMsgs"), 1);
  assertEquals(host.sent.frames[0]!.bytes.length, 14 + 20 + ECHO.length);
});

Deno.test("IPv4: a wrong version, header length, total length or checksum", () => {
  for (const version of [0, 1, 5, 6, 15]) {
    expectDrop(changed(ipFrame(ICMP, ECHO), (f) => f[14] = version << 4 | 5), ["ip.drops.bad-version"]);
  }
  for (const words of [0, 1, 4]) {
    expectDrop(changed(ipFrame(ICMP, ECHO), (f) => f[14] = 0x40 | words), ["ip.drops.bad-header-length"]);
  }
  expectDrop(changed(ipFrame(ICMP, []), (f) => f[14] = 0x4f), ["ip.drops.bad-header-length"]);
  const lengths = [0, 19].map((length) =>
    changed(ipFrame(ICMP, ECHO), (f) => {
      setWord(f, 16, length);
      setWord(f, 24, 0);
      let sum = 0;
      for (let at = 14; at < 34; at += 2) sum += f[at]! * 256 + f[at + 1]!;
      setWord(f, 24, ~((sum & 0xffff) + (sum >>> 16)) & 0xffff);
    })
  );
  for (const frame of lengths) expectDrop(frame, ["ip.drops.truncated", "ip.inTruncatedPkts"]);
  for (let bit = 0; bit < 16; bit++) {
    const frame = changed(ipFrame(ICMP, ECHO), (f) => f[24 + (bit >> 3)]! ^= 1 << (bit & 7));
    expectDrop(frame, ["ip.drops.bad-checksum", "ip.inHdrErrors"]);
  }
});

Deno.test("IPv4: addresses that cannot be (RFC 1122 §3.2.1.3)", () => {
  for (const source of [0xe0000001, 0xffffffff, 0x0a0000ff, 0x7f000001, 0x0a000001, 0xf0000001]) {
    expectDrop(ipFrame(ICMP, ECHO, { source }), ["ip.drops.bad-source"]);
  }
  for (const destination of [0, 0x7f000001, 0xf0000001]) {
    expectDrop(ipFrame(ICMP, ECHO, { destination }), ["ip.drops.bad-destination"]);
  }
  expectDrop(ipFrame(ICMP, ECHO, { destination: 0x0a000063 }), ["ip.drops.not-for-us"]);
  expectDrop(ipFrame(ICMP, ECHO, { destination: 0xef000001 }), ["ip.drops.not-a-member"]);
});

Deno.test("IPv4: options that lie about their length, or loop, are answered by a parameter problem (RFC 1122 §3.2.2.5)", () => {
  const bad = [[7, 0, 4, 0], [7, 1, 4, 0], [7, 2, 4, 0], [68, 0, 0, 0], [1, 1, 1, 7], [7, 40, 4, 0], [
    130,
    255,
    0,
    0,
  ]];
  for (const options of bad) expectDrop(ipFrame(ICMP, ECHO, { options }), ["ip.drops.bad-options"], 1);
  const sourceRoute = [131, 7, 4, 10, 0, 0, 9, 0];
  expectDrop(ipFrame(ICMP, ECHO, { options: sourceRoute }), ["ip.drops.source-route"]);
});

Deno.test("IPv4: fragments that overlap take the whole packet with them (RFC 5722)", () => {
  const host = new QuietHost();
  const piece = (fragment: number, length: number, fields: IpFields = {}) =>
    ipFrame(UDP, new Array<number>(length).fill(1), { fragment, id: 9, ...fields });
  const moved = host.inject(piece(0x2000, 64), piece(4, 64));
  assertEquals(moved.get("ip.reasmReqds"), 2);
  assert((moved.get("ip.drops.fragment-overlap") ?? 0) >= 1);
  // Inside of another, and around it (teardrop, and its reverse).
  const inside = host.inject(piece(0x2000, 64, { id: 10 }), piece(0x2001, 8, { id: 10 }));
  assert((inside.get("ip.drops.fragment-overlap") ?? 0) >= 1);
  const around = host.inject(piece(0x2008, 8, { id: 11 }), piece(0x2000, 128, { id: 11 }));
  assert((around.get("ip.drops.fragment-overlap") ?? 0) >= 1);
  host.sim.advance(120_000);
  assertEquals(host.sim.pool.inUse, 0);
});

Deno.test("IPv4: impossible fragments", () => {
  const payload = new Array<number>(64).fill(1);
  // A first or middle one whose length is no multiple of 8; one that ends beyond 65,535.
  expectDrop(ipFrame(UDP, payload.slice(1), { fragment: 0x2000 }), ["ip.drops.bad-fragment"]);
  expectDrop(ipFrame(UDP, payload, { fragment: 0x1fff }), ["ip.drops.bad-fragment"]);
  expectDrop(ipFrame(UDP, payload, { fragment: 0x3fff }), ["ip.drops.bad-fragment"]);
});

Deno.test("IPv4: fragments without an end are given up in time, and bounded before that", () => {
  const host = new QuietHost();
  for (let id = 0; id < 5000; id++) {
    host.inject(ipFrame(UDP, new Array<number>(1400).fill(1), { fragment: 0x2000, id }));
  }
  assert(host.sim.pool.inUse < 2000, `${host.sim.pool.inUse} pbufs held`);
  assert(host.ip.counters.reasmFails > 3000);
  host.sim.advance(120_000);
  assertEquals(host.sim.pool.inUse, 0);
});

Deno.test("ICMP: truncated, mis-checksummed, and errors about nobody's packet", () => {
  for (let length = 0; length < 8; length++) {
    expectDrop(ipFrame(ICMP, ECHO.slice(0, length)), ["icmp.inErrors"]);
  }
  expectDrop(changed(ipFrame(ICMP, ECHO), (f) => f[60]! ^= 1), ["icmp.inErrors"]);
  const quoted = Array.from(
    ipFrame(UDP, UDP_TO_ECHO, { source: 0x0a000001, destination: 0x0a000002 }).subarray(14),
  );
  for (let length = 0; length < 28; length++) {
    expectDrop(ipFrame(ICMP, [3, 3, 0, 0, 0, 0, 0, 0, ...quoted.slice(0, length)]), ["icmp.inErrors"]);
  }
  // Of a packet that somebody else has sent.
  const foreign = Array.from(
    ipFrame(UDP, UDP_TO_ECHO, { source: 0x0a000009, destination: 0x0a000002 }).subarray(14),
  );
  expectDrop(ipFrame(ICMP, [3, 3, 0, 0, 0, 0, 0, 0, ...foreign]), ["icmp.inErrors"]);
});

Deno.test("ICMP: no error about an error, a broadcast, a fragment (RFC 1122 §3.2.2)", () => {
  const closed = UDP_TO_ECHO.with(3, 9);
  expectDrop(ipFrame(UDP, closed), ["udp.udpNoPorts"], 1);
  expectDrop(ipFrame(UDP, closed, { destination: 0x0a0000ff }), ["udp.udpNoPorts"]);
  expectDrop(ipFrame(99, [1, 2, 3]), ["ip.drops.unknown-protocol"], 1);
  expectDrop(ipFrame(99, [1, 2, 3], { destination: 0x0a0000ff }), ["ip.drops.unknown-protocol"]);
  const badOptions = [7, 1, 4, 0];
  const error = [3, 3, 0, 0, 0, 0, 0, 0, ...ipFrame(UDP, closed).subarray(14)];
  expectDrop(ipFrame(ICMP, error, { options: badOptions }), ["ip.drops.bad-options"]);
});

Deno.test("IGMP: truncated, mis-checksummed, with fewer sources than it says (RFC 3376 §4.1)", () => {
  const query = [0x11, 100, 0, 0, 0, 0, 0, 0, 2, 125, 0, 0];
  const toAll = { destination: 0xe0000001, ttl: 1, options: [148, 4, 0, 0] };
  const frame = (payload: readonly number[]) =>
    changed(ipFrame(IGMP, payload, toAll), (f) => f.set([1, 0, 0x5e, 0, 0, 1]));
  const good = new QuietHost();
  assertEquals(good.inject(frame(query)).get("igmp.inGeneralQueries"), 1);
  for (const length of [0, 1, 4, 7, 9, 10, 11]) expectDrop(frame(query.slice(0, length)), ["igmp.inErrors"]);
  expectDrop(changed(frame(query), (f) => f[f.length - 1]! ^= 1), ["igmp.inErrors"]);
  expectDrop(frame(query.with(11, 200)), ["igmp.inErrors"]);
});

Deno.test("UDP: a length that does not fit, a wrong checksum, at every truncation", () => {
  for (let length = 0; length < 8; length++) {
    expectDrop(ipFrame(UDP, UDP_TO_ECHO.slice(0, length)), ["udp.inLengthErrors"]);
  }
  for (const length of [0, 7, 13, 0xffff]) {
    expectDrop(changed(ipFrame(UDP, UDP_TO_ECHO), (f) => setWord(f, 38, length)), ["udp.inLengthErrors"]);
  }
  for (let at = 34; at < 46; at++) {
    const counters = at === 38 || at === 39 ? ["udp.udpInErrors"] : ["udp.inChecksumErrors"];
    expectDrop(changed(ipFrame(UDP, UDP_TO_ECHO), (f) => f[at]! ^= 0x10), counters);
  }
});

Deno.test("UDP-Lite: a coverage of 1 … 7 or beyond the packet (RFC 3828 §3.1)", () => {
  for (const coverage of [1, 7, 13, 0xffff]) {
    const frame = changed(ipFrame(UDP_LITE, UDP_TO_ECHO.with(5, 8)), (f) => setWord(f, 38, coverage));
    expectDrop(frame, ["udp.inCoverageErrors"]);
  }
  expectDrop(changed(ipFrame(UDP_LITE, UDP_TO_ECHO.with(5, 8)), (f) => f[35]! ^= 1), [
    "udp.inChecksumErrors",
  ]);
});

Deno.test("TCP: truncated at every length, a data offset that cannot be, a wrong checksum", () => {
  for (let length = 0; length < 20; length++) {
    expectDrop(ipFrame(TCP, tcp(0x02).slice(0, length)), ["tcp.inErrs"]);
  }
  for (const offset of [0, 1, 4, 6, 15]) {
    expectDrop(ipFrame(TCP, tcp(0x02).with(12, offset << 4)), ["tcp.headerErrors", "tcp.inErrs"]);
  }
  for (let at = 34; at < 54; at++) {
    expectDrop(changed(ipFrame(TCP, tcp(0x02)), (f) => f[at]! ^= 0x04), ["tcp.checksumErrors", "tcp.inErrs"]);
  }
});

Deno.test("TCP: options that lie about their length end the list, the SYN counts (RFC 9293 §3.1, MUST-7)", () => {
  const bad = [
    [2, 0, 5, 0xb4],
    [2, 1, 5, 0xb4],
    [2, 3, 5, 0xb4],
    [2, 40, 5, 0xb4],
    [1, 1, 1, 2],
    [3, 0, 0, 0],
    [8, 2, 0, 0],
    [8, 255, 0, 0],
    [5, 9, 0, 0],
    [254, 0, 0, 0],
    [254, 1, 0, 0],
  ];
  for (const options of bad) {
    const host = new QuietHost();
    const moved = host.inject(ipFrame(TCP, tcp(0x02, options)));
    assertEquals(moved.get("tcp.passiveOpens"), 1);
    assertEquals(host.sent.frames.length, 1);
    assertEquals(host.sent.frames[0]!.bytes[47], 0x12);
    host.sim.advance(300_000);
    assertEquals(host.sim.pool.inUse, 0);
  }
});

Deno.test("TCP: every combination of control bits to a listener and to a closed port", () => {
  for (let ctl = 0; ctl < 256; ctl++) {
    for (const port of [80, 81]) {
      const host = new QuietHost();
      const moved = host.inject(ipFrame(TCP, tcp(ctl, [], [1, 2, 3]).with(3, port)));
      assertEquals(moved.get("tcp.inSegs"), 1);
      const isReset = (ctl & 0x04) !== 0;
      if (isReset) assertEquals(host.sent.frames.length, 0, `RST answered, control bits ${ctl}`);
      for (const { bytes } of host.sent.frames) {
        // With ECE when the SYN asks for ECN (RFC 3168 §6.1.1).
        const isSynAck = (bytes[47]! & ~0x40) === 0x12;
        assert(isSynAck ? port === 80 && (ctl & 0x16) === 0x02 : (bytes[47]! & 0x04) !== 0);
      }
      host.sim.advance(300_000);
      assertEquals(host.sim.pool.inUse, 0);
    }
  }
});

Deno.test("TCP: a SYN from a group or to a broadcast address (RFC 9293 §3.9.2.3)", () => {
  expectDrop(ipFrame(TCP, tcp(0x02), { destination: 0x0a0000ff }), ["tcp.addressErrors"]);
  expectDrop(ipFrame(TCP, tcp(0x02), { source: 0xe0000005 }), ["ip.drops.bad-source"]);
});

Deno.test("oversized: a frame as long as a buffer can be", () => {
  const host = new QuietHost();
  const payload = [...ECHO, ...new Array<number>(60_000).fill(1)];
  host.inject(ipFrame(ICMP, payload));
  host.inject(ipFrame(UDP, [...UDP_TO_ECHO, ...new Array<number>(65_000).fill(1)]));
  host.inject(ipFrame(TCP, tcp(0x02, [], new Array<number>(65_000).fill(1))));
  host.inject(ethernetFrame(0x0806, new Array<number>(60_000).fill(1)));
  host.sim.advance(300_000);
  assertEquals(host.sim.pool.inUse, 0);
});
