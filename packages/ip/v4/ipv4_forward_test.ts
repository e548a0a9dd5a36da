import { assert, assertEquals } from "@std/assert";
import { type IpDropReason, type IpOptions, ipv4, parsePrefix } from "../mod.ts";
import {
  checksum,
  decode,
  decodePacket,
  frame,
  icmp,
  ipOf,
  packet,
  type PacketOptions,
  TestHost,
} from "../testdata/harness.ts";

const INSIDE = 0x02_00_00_00_00_11;
const OUTSIDE = 0x02_00_00_00_00_22;

/** A router between 10.0.0.0/24 and 10.1.0.0/24 with a default route outside. */
class Router extends TestHost {
  readonly reasons: IpDropReason[] = [];

  constructor(options: IpOptions = {}, mtu = 1500) {
    super({ forwarding: true, ...options }, { addresses: ["10.0.0.1/24"] }, {
      addresses: ["10.1.0.1/24"],
      mtu,
    });
    const [en0, en1] = this.netifs;
    this.neighbor("10.0.0.2", INSIDE, en0);
    this.neighbor("10.1.0.2", OUTSIDE, en1);
    this.neighbor("10.1.0.254", 0x02_54, en1);
    this.ip.routes.add({ destination: parsePrefix("0.0.0.0/0")!, gateway: ipv4(0x0a0100fe), netif: en1 });
    this.ip.hooks.dropped = (reason) => this.reasons.push(reason);
  }

  /** What leaves outside, and what comes back inside, for one packet from inside. */
  pass(
    to: string,
    o: PacketOptions = {},
    data: Uint8Array = new Uint8Array(16).fill(7),
    source = "10.0.0.2",
    mac?: number,
  ) {
    this.drivers[0]!.receive(frame(0x0800, packet(source, to, data, o), mac ?? this.netifs[0]!.macAddress));
    return { out: this.drivers[1]!.take(), back: this.drivers[0]!.take() };
  }
}

Deno.test("a packet passes with TTL less by one and its checksum mended (esp-lwip test_ip4_route netif_forward)", () => {
  const router = new Router();
  for (const ttl of [2, 3, 64, 128, 255]) {
    for (const id of [0, 1, 0xfeff, 0xffff]) {
      const { out, back } = router.pass("10.1.0.2", { ttl, id, tos: 0x12 });
      const p = ipOf(out[0]!);
      assertEquals([p.ttl, p.id, p.tos, p.source, p.destination], [
        ttl - 1,
        id,
        0x12,
        "10.0.0.2",
        "10.1.0.2",
      ]);
      assertEquals(p.payload, new Uint8Array(16).fill(7));
      assertEquals(decode(out[0]!).to, OUTSIDE);
      assertEquals(back, []);
    }
  }
  assertEquals(router.ip.counters.outForwDatagrams, 20);
  router.assertBalanced();
});

Deno.test("a packet for elsewhere goes to the router of its route", () => {
  const router = new Router();
  assertEquals(decode(router.pass("192.0.2.1").out[0]!).to, 0x02_54);
  router.ip.routes.remove((route) => route.destination.length === 0);
  const { out, back } = router.pass("192.0.2.1");
  assertEquals(out, []);
  assertEquals([...ipOf(back[0]!).payload.subarray(0, 2)], [3, 0]);
  assertEquals([router.reasons.at(-1), router.ip.counters.outNoRoutes], ["no-route", 1]);
  router.ip.hooks.ip4Route = () => ({ netif: router.netifs[1]!, gateway: ipv4(0x0a010002) });
  router.ip.generation++;
  assertEquals(decode(router.pass("192.0.2.1").out[0]!).to, OUTSIDE);
  router.assertBalanced();
});

Deno.test("TTL runs out: time exceeded from our address on the side it came from, for traceroute (RFC 1812 §5.3.1)", () => {
  const router = new Router();
  for (const ttl of [1, 0]) {
    const { out, back } = router.pass("10.1.0.2", { ttl });
    assertEquals(out, []);
    const p = ipOf(back[0]!);
    assertEquals([p.source, p.destination, ...p.payload.subarray(0, 2)], ["10.0.0.1", "10.0.0.2", 11, 0]);
    assertEquals(
      p.payload.subarray(8, 28),
      packet("10.0.0.2", "10.1.0.2", new Uint8Array(16).fill(7), { ttl }).subarray(0, 20),
    );
  }
  const error = icmp(3, 1, 0, packet("10.1.0.2", "10.0.0.2", new Uint8Array(8)));
  assertEquals(router.pass("10.1.0.2", { ttl: 1, protocol: 1 }, error).back, [], "never about an error");
  assertEquals(router.reasons, ["hop-limit", "hop-limit", "hop-limit"]);
  router.assertBalanced();
});

Deno.test("too long for the next link: fragmentation needed with its MTU if DF is set, else fragments (RFC 1191 §4)", () => {
  const router = new Router({}, 600);
  const data = Uint8Array.from({ length: 1400 }, (_, i) => i);
  const { out, back } = router.pass("10.1.0.2", { flagsFragment: 0x4000 }, data);
  assertEquals(out, []);
  const report = ipOf(back[0]!);
  assertEquals([...report.payload.subarray(0, 2), ...report.payload.subarray(4, 8)], [
    3,
    4,
    0,
    0,
    600 >> 8,
    600 & 255,
  ]);
  const pieces = router.pass("10.1.0.2", { id: 77 }, data).out.map(ipOf);
  assertEquals(pieces.map((p) => [p.length, p.flagsFragment, p.id, p.ttl]), [
    [596, 0x2000, 77, 63],
    [596, 0x2000 | 72, 77, 63],
    [20 + 1400 - 1152, 144, 77, 63],
  ]);
  assertEquals(pieces.flatMap((p) => [...p.payload]), [...data]);
  // A fragment is cut again, and stays where it was; its own MF stays with the last piece.
  const again = router.pass("10.1.0.2", { flagsFragment: 0x2000 | 10 }, data.subarray(0, 800)).out.map(ipOf);
  assertEquals(again.map((p) => p.flagsFragment), [0x2000 | 10, 0x2000 | 82]);
  router.assertBalanced();
});

Deno.test("what never leaves its link, and what is nobody's, is not forwarded (RFC 1812 §5.3.7, RFC 3927 §2.7)", () => {
  const router = new Router();
  const dropped = (to: string, source = "10.0.0.2", mac?: number) => {
    const { out } = router.pass(to, {}, undefined, source, mac);
    assertEquals(out, [], `${source} > ${to}`);
    return router.reasons.at(-1);
  };
  assertEquals(dropped("169.254.1.1"), "forbidden");
  assertEquals(dropped("192.0.2.1", "169.254.1.1"), "forbidden");
  assertEquals(dropped("0.1.2.3"), "forbidden");
  assertEquals(dropped("240.0.0.1"), "bad-destination");
  assertEquals(dropped("127.0.0.1"), "bad-destination");
  assertEquals(dropped("192.0.2.1", "127.0.0.1"), "bad-source");
  assertEquals(dropped("224.1.1.1"), "not-a-member");
  assertEquals(dropped("10.1.0.255"), "forbidden"); // RFC 2644
  assertEquals(dropped("10.1.0.2", "10.0.0.2", 0xffff_ffff_ffff), "link-layer-mismatch");
  assertEquals(dropped("10.1.0.2", "10.0.0.2", 0x01_00_5e_00_00_01), "link-layer-mismatch");
  router.assertBalanced();
});

Deno.test("back out of the same interface: no, unless told so; then with a redirect if told so (RFC 1812 §5.2.7.2)", () => {
  const back = (options: IpOptions) => {
    const router = new Router(options);
    router.neighbor("10.0.0.3", 0x02_33, router.netifs[0]!);
    const result = router.pass("10.0.0.3").back;
    router.assertBalanced();
    return result;
  };
  assertEquals(back({}), []);
  assertEquals(back({ forwardBackOut: true }).map((f) => decode(f).to), [0x02_33]);
  const both = back({ forwardBackOut: true, sendRedirects: true });
  const redirect = ipOf(both.find((f) => decode(f).to === INSIDE)!);
  assertEquals([...redirect.payload.subarray(0, 2), ...redirect.payload.subarray(4, 8)], [5, 1, 10, 0, 0, 3]);
  assertEquals(both.length, 2);
});

Deno.test("hook IP4_CANFORWARD forbids, or allows what rules forbid", () => {
  const router = new Router();
  router.ip.hooks.ip4CanForward = (_p, to) =>
    to.w3 === 0x0a010002 ? false : to.w3 >>> 16 === 0xa9fe ? true : undefined;
  assertEquals(router.pass("10.1.0.2").out, []);
  assertEquals(router.pass("169.254.1.1").out.length, 1);
  assertEquals(router.pass("192.0.2.1").out.length, 1);
  router.assertBalanced();
});

Deno.test("a neighbour that does not answer: host unreachable to the sender (RFC 1812 §5.2.7.1)", () => {
  const router = new Router();
  router.pass("10.1.0.77");
  router.advance(3000);
  const [report] = router.drivers[0]!.take();
  const p = ipOf(report!);
  assertEquals([p.source, p.destination, ...p.payload.subarray(0, 2)], ["10.0.0.1", "10.0.0.2", 3, 1]);
  assertEquals(checksum(p.payload), 0);
  router.assertBalanced();
});

Deno.test("record route is filled in on the way, if told so (RFC 1812 §5.3.13.4)", () => {
  const router = new Router({ recordRoute: true });
  const options = Uint8Array.of(7, 7, 4, 0, 0, 0, 0, 0);
  assertEquals([...ipOf(router.pass("10.1.0.2", { options }).out[0]!).options], [7, 7, 8, 10, 1, 0, 1, 0]);
  const quiet = new Router();
  assertEquals([...ipOf(quiet.pass("10.1.0.2", { options }).out[0]!).options], [...options]);
  assertEquals(quiet.pass("10.1.0.2", { options: Uint8Array.of(131, 7, 4, 1, 2, 3, 4, 0) }).out, []);
  assertEquals(quiet.reasons, ["source-route"]);
  assertEquals(quiet.pass("10.1.0.2", { options: Uint8Array.of(7, 1, 4, 0) }).back.length, 1);
  router.assertBalanced();
});

Deno.test("a merged segment passes whole, with its marks, and is cut for the next link; too wide a one is reported", () => {
  const router = new Router();
  const tcp = new Uint8Array(20 + 4000);
  tcp[12] = 5 << 4;
  const pass = (gsoSize: number) => {
    const bytes = frame(0x0800, packet("10.0.0.2", "10.1.0.2", tcp, { protocol: 6, flagsFragment: 0x4000 }));
    router.drivers[0]!.receive(bytes, (p) => p.gsoSize = gsoSize);
    return { out: router.drivers[1]!.take(), back: router.drivers[0]!.take() };
  };
  const { out, back } = pass(1460);
  assertEquals([out.length, back.length], [3, 0]);
  assert(out.every((f) => decodePacket(decode(f).payload).ttl === 63));
  const wide = pass(1461);
  assertEquals([wide.out.length, wide.back.length], [0, 1]);
  router.assertBalanced();
});

Deno.test("nothing is forwarded unless asked for", () => {
  const host = new Router({ forwarding: false });
  assertEquals(host.pass("10.1.0.2"), { out: [], back: [] });
  assertEquals(host.reasons, ["not-for-us"]);
  host.ip.options.forwarding = true;
  assertEquals(host.pass("10.1.0.2").out.length, 1);
});

/** A SYN with options; its checksum is right for 10.0.0.2 and 10.1.0.2. */
function syn(options: readonly number[], flags = 0x02): Uint8Array {
  const length = 20 + options.length;
  const bytes = new Uint8Array(length);
  bytes.set([0xc0, 0, 0, 80, 1, 2, 3, 4, 0, 0, 0, 0, (length / 4) << 4, flags, 0xff, 0xff], 0);
  bytes.set(options, 20);
  const sum = tcpSum(bytes);
  bytes[16] = sum >> 8;
  bytes[17] = sum & 0xff;
  return bytes;
}

/** Checksum over the pseudo header of those addresses and a segment: 0 for one that is right. */
function tcpSum(segment: Uint8Array): number {
  return checksum(new Uint8Array([10, 0, 0, 2, 10, 1, 0, 2, 0, 6, 0, segment.length, ...segment]));
}

Deno.test("clampMss: a SYN's MSS is lowered to the narrower interface, and its checksum mended, also at an odd place", () => {
  const router = new Router({ clampMss: true }, 1280);
  for (const options of [[2, 4, 5, 0xb4], [1, 2, 4, 5, 0xb4, 1, 1, 1], [4, 2, 2, 4, 0xff, 0xff, 0, 0]]) {
    const { payload } = ipOf(router.pass("10.1.0.2", { protocol: 6 }, syn(options)).out[0]!);
    const at = 20 + options.indexOf(4, options[0] === 4 ? 2 : 0) + 1;
    assertEquals((payload[at]! << 8) | payload[at + 1]!, 1240);
    assertEquals(tcpSum(payload), 0);
  }
  router.assertBalanced();
});

Deno.test("clampMss: smaller values, other segments, rubbish and a router that does not clamp: nothing changes", () => {
  const clamping = new Router({ clampMss: true }, 1280);
  const cases = [
    syn([2, 4, 0x02, 0x18]),
    syn([2, 4, 5, 0xb4], 0x10),
    syn([2, 4, 5, 0xb4], 0x06),
    syn([0, 2, 4, 5, 0xb4, 0, 0, 0]),
    syn([3, 0, 2, 4, 5, 0xb4, 0, 0]),
    syn([8, 200, 2, 4]),
    new Uint8Array(12).fill(2),
  ];
  for (const segment of cases) {
    assertEquals(ipOf(clamping.pass("10.1.0.2", { protocol: 6 }, segment).out[0]!).payload, segment);
  }
  const segment = syn([2, 4, 5, 0xb4]);
  assertEquals(ipOf(clamping.pass("10.1.0.2", { protocol: 17 }, segment).out[0]!).payload, segment);
  const plain = new Router({}, 1280);
  assertEquals(ipOf(plain.pass("10.1.0.2", { protocol: 6 }, segment).out[0]!).payload, segment);
  clamping.assertBalanced();
});
