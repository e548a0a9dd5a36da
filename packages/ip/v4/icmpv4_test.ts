import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { parseHex } from "@lightwire/pbuf";
import { type IpErrorInfo, IpTx, ipv4 } from "../mod.ts";
import {
  checksum,
  decode,
  frame,
  icmp,
  ipOf,
  packet,
  type PacketOptions,
  TestHost,
  txTo,
} from "../testdata/harness.ts";
import { formatIcmpMessage, icmpErrorKind } from "./icmpv4_message.ts";

const BROADCAST = 0xffff_ffff_ffff;

// scapy 2.5.0: IP(src='10.0.0.2',dst='10.0.0.1',id=0x4321)/ICMP(id=0x1234,seq=7)/b'abcdefgh'
const ECHO = parseHex("4500002443210000400123b60a0000020a000001 0800542f 1234 0007 6162636465666768");
// scapy 2.5.0: the same with type=0 and the addresses exchanged
const ECHO_REPLY = parseHex("4500002443210000400123b60a0000010a000002 00005c2f 1234 0007 6162636465666768");
// scapy 2.5.0: IP(src='10.0.0.254',dst='10.0.0.1',id=5)/ICMP(type=3,code=4,nexthopmtu=1400)/
//   IP(src='10.0.0.1',dst='192.0.2.1',len=1500,flags='DF',id=0,proto=6,chksum=0)/b'\x04\xd2\x00\x50\x11\x22\x33\x44'
const FRAGMENTATION_NEEDED = parseHex(`450000380005000040 01 65c2 0a0000fe 0a000001  0304 1716 0000 0578
  450005dc00004000400600000a000001c0000201 04d2 0050 11223344`);

function peer(options = {}): TestHost {
  const host = new TestHost(options);
  host.neighbor("10.0.0.2");
  host.neighbor("10.0.0.254");
  host.ip.routes.add({
    destination: { address: ipv4(0), length: 0 },
    gateway: ipv4(0x0a0000fe),
    netif: host.netif,
  });
  return host;
}

/** Records the errors that one protocol gets. */
function listen(host: TestHost, protocol: number, owns?: (e: IpErrorInfo) => boolean): string[] {
  const errors: string[] = [];
  host.ip.registerProtocol({
    protocol,
    ipInput: () => "port-unreachable",
    ipError: (e) => {
      const port = e.quoted.getUint16(e.quotedOffset + 2);
      errors.push(
        `${e.kind} from ${e.reporter} about ${e.localAddress} > ${e.remoteAddress} port ${port} mtu ${e.mtu}`,
      );
    },
    ownsPacket: owns,
    inputBatchEnd: () => {},
    addressChanged: () => {},
  });
  return errors;
}

Deno.test("an echo request of scapy is answered as scapy would (RFC 1122 §3.2.2.6)", () => {
  const host = peer();
  host.driver.receive(frame(0x0800, ECHO));
  const [f] = host.driver.take();
  const reply = decode(f!).payload.slice();
  reply[4] = 0x43; // the identification is ours to choose
  reply[5] = 0x21;
  reply[10] = reply[11] = 0;
  const sum = checksum(reply.subarray(0, 20));
  reply[10] = sum >> 8;
  reply[11] = sum & 255;
  assertEquals(reply, ECHO_REPLY);
  assertEquals([host.ip.icmpCounters.inTypes[8], host.ip.icmpCounters.outTypes[0]], [1, 1]);
  host.assertBalanced();
});

Deno.test("echo: every size up to the largest, in fragments both ways", () => {
  const host = peer();
  for (const size of [0, 1, 1472, 1473, 8000, 65_507]) {
    const message = icmp(8, 0, 0x1234_0001, Uint8Array.from({ length: size }, (_, i) => i));
    for (let at = 0; at < message.length; at += 1480) {
      const part = message.subarray(at, Math.min(at + 1480, message.length));
      const more = at + 1480 < message.length ? 0x2000 : 0;
      host.driver.receive(
        frame(
          0x0800,
          packet("10.0.0.2", "10.0.0.1", part, { protocol: 1, flagsFragment: more | (at / 8), id: size }),
        ),
      );
    }
    const reply = host.driver.take().map(ipOf).flatMap((p) => [...p.payload]);
    message[0] = 0;
    message[2] = message[3] = 0;
    const sum = checksum(message);
    message[2] = sum >> 8;
    message[3] = sum & 255;
    assertEquals(reply.length, message.length);
    assertEquals(Uint8Array.from(reply), message);
  }
  host.assertBalanced();
});

Deno.test("echo: broadcasts and groups are answered only if told so; bad checksums never", () => {
  for (const isOn of [false, true]) {
    const host = peer({ broadcastPing: isOn, multicastPing: isOn });
    const ask = (to: string, mac: number) => {
      host.driver.receive(frame(0x0800, packet("10.0.0.2", to, icmp(8, 0, 1), { protocol: 1 }), mac));
      return host.driver.take().map((f) => `${ipOf(f).source} type ${ipOf(f).payload[0]}`);
    };
    const expected = isOn ? ["10.0.0.1 type 0"] : [];
    assertEquals(ask("10.0.0.255", BROADCAST), expected);
    assertEquals(ask("255.255.255.255", BROADCAST), expected);
    assertEquals(ask("224.0.0.1", 0x01_00_5e_00_00_01), expected);
    const bad = ECHO.slice();
    bad[30]! ^= 1;
    host.driver.receive(frame(0x0800, bad));
    assertEquals(host.driver.take(), []);
    assertEquals(host.ip.icmpCounters.inErrors, 1);
    host.assertBalanced();
  }
});

Deno.test("echo: every truncation of the ICMP message is dropped", () => {
  const host = peer();
  for (let n = 0; n < 8; n++) {
    host.driver.receive(
      frame(0x0800, packet("10.0.0.2", "10.0.0.1", ECHO.subarray(20, 20 + n), { protocol: 1 })),
    );
  }
  assertEquals([host.driver.take().length, host.ip.icmpCounters.inErrors], [0, 8]);
  host.assertBalanced();
});

Deno.test("echo: record route and timestamp come back filled in, if told so (RFC 1122 §3.2.2.6)", () => {
  const options = Uint8Array.of(7, 7, 4, 0, 0, 0, 0, 0);
  for (const recordRoute of [false, true]) {
    const host = peer({ recordRoute });
    host.driver.receive(
      frame(0x0800, packet("10.0.0.2", "10.0.0.1", icmp(8, 0, 1), { protocol: 1, options })),
    );
    const expected = recordRoute ? [7, 7, 8, 10, 0, 0, 1, 0] : [];
    assertEquals([...ipOf(host.driver.take()[0]!).options], expected);
    host.assertBalanced();
  }
});

Deno.test("echo: replies can be limited", () => {
  const host = peer({ icmpEchoRate: { perSecond: 10, burst: 2 } });
  for (let i = 0; i < 5; i++) host.driver.receive(frame(0x0800, ECHO));
  assertEquals(host.driver.take().length, 2);
  assertEquals(host.ip.icmpCounters.outRateLimited, 3);
  host.advance(100);
  host.driver.receive(frame(0x0800, ECHO));
  assertEquals(host.driver.take().length, 1);
});

Deno.test("timestamp: answered only if told so, with time since midnight (RFC 792)", () => {
  const request = packet(
    "10.0.0.2",
    "10.0.0.1",
    icmp(13, 0, 0x0001_0002, Uint8Array.of(0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0)),
    {
      protocol: 1,
    },
  );
  const off = peer();
  off.driver.receive(frame(0x0800, request));
  assertEquals(off.driver.take(), []);
  const wallClock = { unixMillis: () => 86_400_000 * 3 + 0x01020304 };
  for (const [options, expected] of [[{ wallClock }, 0x01020304], [{}, 0x8000_03e8]] as const) {
    const host = peer({ timestampReply: true, ...options });
    host.driver.receive(frame(0x0800, request));
    const { payload } = ipOf(host.driver.take()[0]!);
    assertEquals(checksum(payload), 0);
    const view = new DataView(payload.buffer, payload.byteOffset);
    assertEquals([payload[0], view.getUint32(8), view.getUint32(12), view.getUint32(16)], [
      14,
      5,
      expected,
      expected,
    ]);
    host.assertBalanced();
  }
});

Deno.test("errors quote the header and what there is (lwIP test_ip4 icmp_replylen_short, icmp_replylen_first_8)", () => {
  const quote = (length: number, options = {}) => {
    const host = peer(options);
    const data = Uint8Array.from({ length }, (_, i) => i);
    const sent = packet("10.0.0.2", "10.0.0.1", data, { protocol: 99 });
    host.driver.receive(frame(0x0800, sent));
    const reply = ipOf(host.driver.take()[0]!);
    assertEquals(checksum(reply.payload), 0);
    assertEquals([...reply.payload.subarray(0, 2), ...reply.payload.subarray(4, 8)], [3, 2, 0, 0, 0, 0]);
    assertEquals(reply.tos, 0xc0);
    const quoted = reply.payload.subarray(8);
    assertEquals(quoted, sent.subarray(0, quoted.length));
    host.assertBalanced();
    return quoted.length;
  };
  assertEquals(quote(4), 24);
  assertEquals(quote(100), 120);
  assertEquals(quote(1000), 548); // makes 576 bytes, RFC 1812 §4.3.2.3
  assertEquals(quote(4, { icmpQuoteBytes: 28 }), 24);
  assertEquals(quote(1000, { icmpQuoteBytes: 28 }), 28);
  assertEquals(quote(1000, { icmpQuoteBytes: 0 }), 28);
});

Deno.test("errors are never sent about these (RFC 1122 §3.2.2)", () => {
  const host = new TestHost({}, { addresses: ["10.0.0.1/24"] }, { addresses: ["10.1.0.1/24"] });
  host.neighbor("10.0.0.2");
  const error = icmp(3, 1, 0, packet("10.0.0.1", "10.0.0.2", new Uint8Array(8)));
  const receive = (
    source: string,
    to: string,
    o: PacketOptions,
    mac = 0x02_00_00_00_00_01,
    data = new Uint8Array(8),
  ) => {
    host.driver.receive(frame(0x0800, packet(source, to, data, { protocol: 99, ...o }), mac));
    host.advance(40_000);
    return host.driver.take().filter((f) => decode(f).etherType === 0x0800).length;
  };
  assertEquals(receive("10.0.0.2", "10.0.0.1", {}), 1, "the rule");
  assertEquals(receive("10.0.0.2", "10.0.0.255", {}, BROADCAST), 0, "broadcast");
  assertEquals(receive("10.0.0.2", "224.0.0.1", {}, 0x01_00_5e_00_00_01), 0, "multicast");
  assertEquals(receive("10.0.0.2", "10.0.0.1", {}, BROADCAST), 0, "link-layer broadcast");
  assertEquals(receive("0.0.0.0", "10.0.0.1", {}), 0, "no source");
  assertEquals(receive("10.0.0.255", "10.0.0.1", {}), 0, "broadcast source");
  assertEquals(receive("10.0.0.2", "10.0.0.1", { flagsFragment: 1 }), 0, "a later fragment");
  const { icmpErrors, interfaces } = host.ip;
  const may = (data: Uint8Array) => {
    const p = host.pool.acquire(data.length)!;
    p.bytes.set(data, p.start);
    const answer = icmpErrors.mayAnswer(p, interfaces.of(host.netif)!);
    p.release();
    return answer;
  };
  assertEquals(may(packet("10.0.0.2", "10.0.0.1", error, { protocol: 1 })), false, "an error");
  assertEquals(may(packet("10.0.0.2", "10.0.0.1", icmp(5, 0, 0), { protocol: 1 })), false, "a redirect");
  assertEquals(may(packet("10.0.0.2", "10.0.0.1", icmp(8, 0, 0), { protocol: 1 })), true, "a request");
  assertEquals(
    may(packet("10.0.0.2", "10.0.0.1", icmp(200, 0, 0), { protocol: 1 })),
    false,
    "who knows what",
  );
  assertEquals(may(packet("10.0.0.2", "10.0.0.1", new Uint8Array(0), { protocol: 1 })), false, "no type");
  assertEquals(may(packet("127.0.0.1", "10.0.0.1", new Uint8Array(8))), false, "loopback source");
  assertEquals(may(packet("240.0.0.1", "10.0.0.1", new Uint8Array(8))), false, "class E source");
  host.assertBalanced();
});

Deno.test("errors are limited by a token bucket (RFC 1812 §4.3.2.8)", () => {
  const host = peer({ icmpErrorRate: { perSecond: 100, burst: 3 } });
  const bad = frame(0x0800, packet("10.0.0.2", "10.0.0.1", new Uint8Array(8), { protocol: 99 }));
  for (let i = 0; i < 10; i++) host.driver.receive(bad);
  assertEquals([host.driver.take().length, host.ip.icmpCounters.outRateLimited], [3, 7]);
  host.advance(10);
  for (let i = 0; i < 10; i++) host.driver.receive(bad);
  assertEquals(host.driver.take().length, 1);
  host.assertBalanced();
});

Deno.test("errors reach the protocol they are about, in family-neutral words (RFC 1122 §3.2.2)", () => {
  const host = peer();
  const errors = listen(host, 6);
  const all: IpErrorInfo["kind"][] = [];
  const stop = host.ip.onError((e) => all.push(e.kind));
  const quoted = packet("10.0.0.1", "192.0.2.1", Uint8Array.of(4, 210, 0, 80, 1, 2, 3, 4), { protocol: 6 });
  const report = (type: number, code: number, quote = quoted, rest = 0) =>
    host.driver.receive(
      frame(0x0800, packet("10.0.0.254", "10.0.0.1", icmp(type, code, rest, quote), { protocol: 1 })),
    );
  report(3, 3);
  assertEquals(errors, ["port-unreachable from 10.0.0.254 about 10.0.0.1 > 192.0.2.1 port 80 mtu 0"]);
  for (const code of [0, 1, 2, 5, 6, 7, 9, 10, 13]) report(3, code);
  report(11, 0);
  report(11, 1);
  report(12, 0);
  report(4, 0);
  assertEquals(all, [
    "port-unreachable",
    "net-unreachable",
    "host-unreachable",
    "protocol-unreachable",
    "source-route-failed",
    "net-unreachable",
    "host-unreachable",
    "prohibited",
    "prohibited",
    "prohibited",
    "ttl-exceeded",
    "reassembly-timeout",
    "parameter-problem",
    "source-quench",
  ]);
  stop();
  report(3, 3);
  assertEquals(all.length, 14);
  host.assertBalanced();
});

Deno.test("errors that cannot be about a packet of ours are dropped", () => {
  const host = peer();
  const errors = listen(host, 6);
  const data = Uint8Array.of(4, 210, 0, 80, 1, 2, 3, 4);
  const report = (quote: Uint8Array, type = 3, code = 3) =>
    host.driver.receive(
      frame(0x0800, packet("10.0.0.254", "10.0.0.1", icmp(type, code, 0, quote), { protocol: 1 })),
    );
  report(packet("10.0.0.9", "192.0.2.1", data, { protocol: 6 })); // not our address
  report(packet("10.0.0.1", "192.0.2.1", data, { protocol: 6, flagsFragment: 4 })); // no transport header
  report(packet("10.0.0.1", "192.0.2.1", data, { protocol: 6 }).subarray(0, 27)); // too short
  const v6 = packet("10.0.0.1", "192.0.2.1", data, { protocol: 6 });
  v6[0] = 0x65;
  report(v6);
  report(packet("10.0.0.1", "192.0.2.1", data, { protocol: 6 }), 3, 99); // unknown code
  report(packet("10.0.0.1", "192.0.2.1", data, { protocol: 7 })); // nobody's protocol
  const good = packet("10.0.0.1", "192.0.2.1", data, { protocol: 6 });
  for (let n = 0; n < 28; n++) report(good.subarray(0, n));
  assertEquals(errors, []);
  assertEquals(host.ip.icmpCounters.inErrors, 4 + 28);
  host.assertBalanced();
});

Deno.test("fragmentation needed lowers the path MTU and tells the transport (RFC 1191 §3, §6)", () => {
  const host = peer();
  const errors = listen(host, 6);
  const tx = txTo("192.0.2.1", 6, { dontFragment: true });
  host.ip.prepare(tx);
  assertEquals(tx.pathMtu, 1500);
  host.driver.receive(frame(0x0800, FRAGMENTATION_NEEDED));
  assertEquals(errors, ["fragmentation-needed from 10.0.0.254 about 10.0.0.1 > 192.0.2.1 port 80 mtu 1400"]);
  host.ip.prepare(tx);
  assertEquals(tx.pathMtu, 1400);
  const elsewhere = txTo("192.0.2.2", 6);
  host.ip.prepare(elsewhere);
  assertEquals(elsewhere.pathMtu, 1500);
  host.driver.receive(frame(0x0800, FRAGMENTATION_NEEDED));
  assertEquals(errors.length, 1, "nothing new");
  host.advance(600_000);
  host.ip.prepare(tx);
  assertEquals(tx.pathMtu, 1500);
  host.assertBalanced();
});

Deno.test("fragmentation needed: the transport may object, an absent MTU takes the next plateau (RFC 5927 §7.2, RFC 1191 §5)", () => {
  const host = peer();
  let isOurs = false;
  const errors = listen(host, 6, () => isOurs);
  host.driver.receive(frame(0x0800, FRAGMENTATION_NEEDED));
  assertEquals([errors, host.ip.pathMtu.size], [[], 0]);
  isOurs = true;
  const quoted = packet("10.0.0.1", "192.0.2.1", new Uint8Array(8), { protocol: 6, totalLength: 1500 });
  host.driver.receive(
    frame(0x0800, packet("10.0.0.254", "10.0.0.1", icmp(3, 4, 0, quoted), { protocol: 1 })),
  );
  assertEquals(host.ip.pathMtu.get(ipv4(0xc0000201)), 1492);
});

Deno.test("a path narrower than is believed: packets go without DF, to be fragmented on the way", () => {
  const host = peer();
  const quoted = packet("10.0.0.1", "192.0.2.1", new Uint8Array(8), { protocol: 253, totalLength: 1500 });
  host.driver.receive(
    frame(0x0800, packet("10.0.0.254", "10.0.0.1", icmp(3, 4, 296, quoted), { protocol: 1 })),
  );
  const tx = txTo("192.0.2.1", 253, { dontFragment: true });
  host.ip.output(host.payload(532), tx);
  host.ip.output(host.payload(600), tx);
  assertEquals(tx.pathMtu, 552);
  assertEquals(host.driver.take().map((f) => ipOf(f).flagsFragment), [0, 0x2000, 66]);
  host.assertBalanced();
});

Deno.test("redirects are ignored unless told otherwise, and believed only from the router in use (RFC 1122 §3.2.2.2)", () => {
  const hop = (o: { acceptRedirects?: boolean; from?: string; to?: number; about?: string }) => {
    const host = peer({ acceptRedirects: o.acceptRedirects ?? true });
    const quoted = packet(o.about ?? "10.0.0.1", "192.0.2.1", new Uint8Array(8));
    const message = icmp(5, 1, o.to ?? 0x0a0000fd, quoted);
    host.driver.receive(frame(0x0800, packet(o.from ?? "10.0.0.254", "10.0.0.1", message, { protocol: 1 })));
    host.driver.receive(frame(0x0800, packet(o.from ?? "10.0.0.254", "10.0.0.1", message, { protocol: 1 })));
    host.assertBalanced();
    return host.ip.routes.lookup(ipv4(0xc0000201))!.nextHop.toString();
  };
  assertEquals(hop({}), "10.0.0.253");
  assertEquals(hop({ acceptRedirects: false }), "10.0.0.254");
  assertEquals(hop({ from: "10.0.0.2" }), "10.0.0.254");
  assertEquals(hop({ to: 0xc0000299 }), "10.0.0.254"); // not on the link
  assertEquals(hop({ to: 0x0a000001 }), "10.0.0.254"); // ourselves
  assertEquals(hop({ about: "10.0.0.77" }), "10.0.0.254"); // not a packet of ours
});

Deno.test("a neighbour cannot redirect packets for itself to somebody else (RFC 1122 §3.2.2.2)", () => {
  const host = peer({ acceptRedirects: true });
  const quoted = packet("10.0.0.1", "10.0.0.2", new Uint8Array(8));
  const message = icmp(5, 1, 0x0a0000fd, quoted);
  host.driver.receive(frame(0x0800, packet("10.0.0.2", "10.0.0.1", message, { protocol: 1 })));
  assertEquals(host.ip.routes.lookup(ipv4(0x0a000002))!.nextHop.toString(), "10.0.0.2");
  host.assertBalanced();
});

Deno.test("a route learned from a redirect goes when its router does not answer (RFC 1122 §3.3.1.5)", () => {
  const host = peer({ acceptRedirects: true });
  const quoted = packet("10.0.0.1", "192.0.2.1", new Uint8Array(8));
  const message = icmp(5, 1, 0x0a0000fd, quoted);
  host.driver.receive(frame(0x0800, packet("10.0.0.254", "10.0.0.1", message, { protocol: 1 })));
  const nextHop = () => host.ip.routes.lookup(ipv4(0xc0000201))!.nextHop.toString();
  assertEquals(nextHop(), "10.0.0.253");
  host.ip.routes.gatewayChanged(ipv4(0x0a0000fd), false);
  assertEquals(nextHop(), "10.0.0.254");
  host.assertBalanced();
});

Deno.test("routes learned from redirects are bounded", () => {
  const host = peer({ acceptRedirects: true });
  for (let i = 0; i < 100; i++) {
    const quoted = packet("10.0.0.1", `192.0.2.${i}`, new Uint8Array(8));
    host.driver.receive(
      frame(0x0800, packet("10.0.0.254", "10.0.0.1", icmp(5, 1, 0x0a0000fd, quoted), { protocol: 1 })),
    );
  }
  assertEquals([...host.ip.routes].filter((r) => r.origin === "redirect").length, 64);
});

Deno.test("registerProtocol() takes a protocol once", () => {
  const host = peer();
  listen(host, 6);
  let error: unknown;
  try {
    listen(host, 6);
  } catch (e) {
    error = e;
  }
  assert(error instanceof TypeError);
  assertStrictEquals(new IpTx().generation, -1);
});

Deno.test("icmpErrorKind() and formatIcmpMessage() know the messages", () => {
  assertEquals(icmpErrorKind(3, 16), undefined);
  assertEquals(icmpErrorKind(11, 2), undefined);
  assertEquals(icmpErrorKind(8, 0), undefined);
  const view = new DataView(ECHO.buffer, ECHO.byteOffset);
  assertEquals(formatIcmpMessage(view, 20, 16), "ICMP echo request, id 4660, seq 7, length 16");
  assertEquals(
    formatIcmpMessage(new DataView(icmp(3, 1, 0).buffer), 0, 8),
    "ICMP unreachable, code 1, length 8",
  );
  assertEquals(formatIcmpMessage(view, 20, 7), "ICMP truncated, length 7");
  assertEquals(
    formatIcmpMessage(new DataView(icmp(99, 1, 0).buffer), 0, 8),
    "ICMP type 99, code 1, length 8",
  );
});
