import { assert, assertEquals, assertThrows } from "@std/assert";
import { parseHex } from "@lightwire/pbuf";
import { type IpAddress, type IpOptions, ipv4 } from "../mod.ts";
import { checksum, decode, decodePacket, frame, packet, TestHost } from "../testdata/harness.ts";
import { decodeTimeCode } from "./igmp_message.ts";

const GROUP = ipv4(0xef010203);
const SSM = ipv4(0xe8010203);
const S1 = ipv4(0xc0000201);
const S2 = ipv4(0xc0000202);
const S9 = ipv4(0xc0000209);

// Of scapy 2.5.0 (scapy.contrib.igmpv3, scapy.contrib.igmp):
// IP(src='10.0.0.1',dst='224.0.0.22',ttl=1,tos=0xc0,id=0,options=[IPOption_Router_Alert()])/
//   IGMPv3(type=0x22)/IGMPv3mr(records=[IGMPv3gr(rtype=4,maddr='239.1.2.3')])
const JOIN = parseHex("46c0002800000000010239f90a000001e000001694040000 2200e8f90000000104000000ef010203");
// IGMPv3(type=0x22)/IGMPv3mr(records=[IGMPv3gr(rtype=3,maddr='239.1.2.3')])
const LEAVE = parseHex("2200e9f90000000103000000ef010203");
// IGMPv3(type=0x22)/IGMPv3mr(records=[IGMPv3gr(rtype=5,maddr='232.1.2.3',srcaddrs=['192.0.2.1','192.0.2.2'])])
const ALLOW = parseHex("22006af30000000105000002e8010203c0000201c0000202");
// IGMPv3(type=0x11,mrcode=100)/IGMPv3mq(gaddr='0.0.0.0',qrv=2,qqic=125)
const GENERAL_QUERY = parseHex("1164ec1e00000000027d0000");
// IGMPv3(type=0x11,mrcode=10)/IGMPv3mq(gaddr='232.1.2.3',qrv=2,qqic=125,srcaddrs=['192.0.2.1','192.0.2.9'])
const SOURCES_QUERY = parseHex("110a7e66e8010203027d0002c0000201c0000209");
// IGMP(type=0x11,mrcode=100,gaddr='0.0.0.0'), IGMP(type=0x16,gaddr='239.1.2.3'), IGMP(type=0x17,gaddr='239.1.2.3')
const V2_QUERY = parseHex("1164ee9b00000000");
const V2_REPORT = parseHex("1600f8faef010203");
const V2_LEAVE = parseHex("1700f7faef010203");

/** Type of record and sources, like "TO_EX 239.1.2.3 [192.0.2.1]". */
function describe(payload: Uint8Array): string[] {
  assertEquals(checksum(payload), 0);
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const names = ["", "IS_IN", "IS_EX", "TO_IN", "TO_EX", "ALLOW", "BLOCK"];
  const group = (at: number) => payload.subarray(at, at + 4).join(".");
  if (payload[0] !== 0x22) {
    return [`${({ 0x12: "v1", 0x16: "v2", 0x17: "leave" } as never)[payload[0]!]} ${group(4)}`];
  }
  const lines: string[] = [];
  let at = 8;
  for (let n = view.getUint16(6); n > 0; n--) {
    const count = view.getUint16(at + 2);
    const sources = Array.from({ length: count }, (_, i) => group(at + 8 + 4 * i));
    lines.push(`${names[payload[at]!]} ${group(at + 4)} [${sources}]`);
    at += 8 + 4 * count;
  }
  assertEquals(at, payload.length);
  return lines;
}

class Member extends TestHost {
  constructor(options: IpOptions = {}) {
    super(options);
  }
  /** What was reported since the last call, each with its destination. */
  reports(): string[] {
    return this.driver.take().flatMap((f) => {
      const p = decodePacket(decode(f).payload);
      assertEquals([p.ttl, p.tos, p.protocol, [...p.options]], [1, 0xc0, 2, [148, 4, 0, 0]]);
      return describe(p.payload).map((line) => `${line} to ${p.destination}`);
    });
  }
  v3(): string[] {
    return this.reports().map((line) => line.replace(/ to 224.0.0.22$/, ""));
  }
  hears(message: Uint8Array, to: IpAddress = ipv4(0xe0000001), source = "10.0.0.254"): void {
    const mac = 0x0100_5e00_0000 + (to.w3 & 0x7f_ffff);
    const options = Uint8Array.of(148, 4, 0, 0);
    this.driver.receive(
      frame(0x0800, packet(source, to.toString(), message, { protocol: 2, ttl: 1, options }), mac),
    );
  }
  end(): void {
    this.advance(1_000_000);
    assertEquals(this.timers.size, 0);
    this.assertBalanced();
  }
}

function query(type: number, code: number, group: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, (type << 8) | code);
  view.setUint32(4, group);
  view.setUint16(2, checksum(bytes));
  return bytes;
}

Deno.test("joining is reported at once, byte for byte as scapy writes it, and once more within a second (RFC 3376 §5.1)", () => {
  const host = new Member();
  host.ip.joinGroup(host.netif, GROUP);
  const [f] = host.driver.take();
  assertEquals(decode(f!).to, 0x01_00_5e_00_00_16);
  const sent = decode(f!).payload.slice();
  sent.set(JOIN.subarray(4, 6), 4); // the identification is ours to choose
  sent.set(JOIN.subarray(10, 12), 10);
  assertEquals(sent, JOIN);
  assertEquals(host.timers.size, 1);
  host.advance(1000);
  assertEquals(host.v3(), ["TO_EX 239.1.2.3 []"]);
  assertEquals(host.timers.size, 0, "timers run only while a report is due");
  host.end();
});

Deno.test("several users of a group are one member; the last one leaves (RFC 3376 §3.2)", () => {
  const host = new Member();
  const a = host.ip.joinGroup(host.netif, GROUP)!;
  host.advance(1000);
  host.driver.take();
  const b = host.ip.joinGroup(host.netif, GROUP)!;
  a.leave();
  a.leave();
  assertEquals(host.driver.take(), []);
  assert(host.ip.isMember(host.netif, GROUP));
  b.leave();
  assertEquals(decode(host.driver.take()[0]!).payload.subarray(24), LEAVE);
  assert(!host.ip.isMember(host.netif, GROUP));
  host.advance(1000);
  assertEquals(host.v3(), ["TO_IN 239.1.2.3 []"]);
  host.end();
});

Deno.test("source filters: changes are told as what is new and what is old (RFC 3376 §5.1)", () => {
  const host = new Member();
  const membership = host.ip.joinGroup(host.netif, SSM, [S1, S2])!;
  assertEquals(decode(host.driver.take()[0]!).payload.subarray(24), ALLOW);
  host.advance(1000);
  assertEquals(host.v3(), ["ALLOW 232.1.2.3 [192.0.2.1,192.0.2.2]"]);
  membership.setFilter({ mode: "INCLUDE", sources: [S2, S9] });
  assertEquals(host.v3(), ["ALLOW 232.1.2.3 [192.0.2.9]", "BLOCK 232.1.2.3 [192.0.2.1]"]);
  host.advance(1000);
  assertEquals(host.v3(), ["ALLOW 232.1.2.3 [192.0.2.9]", "BLOCK 232.1.2.3 [192.0.2.1]"]);
  membership.setFilter({ mode: "EXCLUDE", sources: [S1] });
  assertEquals(host.v3(), ["TO_EX 232.1.2.3 [192.0.2.1]"]);
  membership.setFilter({ mode: "EXCLUDE", sources: [S1, S2] });
  assertEquals(
    host.v3(),
    ["TO_EX 232.1.2.3 [192.0.2.1,192.0.2.2]"],
    "changes before the repetition are merged",
  );
  host.advance(2000);
  assertEquals(host.v3(), ["TO_EX 232.1.2.3 [192.0.2.1,192.0.2.2]"]);
  const other = host.ip.joinGroup(host.netif, SSM, [S2])!;
  assertEquals(host.v3(), ["ALLOW 232.1.2.3 [192.0.2.2]"]);
  assert(host.ip.multicast.accepts(host.netif, SSM, S2));
  assert(!host.ip.multicast.accepts(host.netif, SSM, S1));
  other.leave();
  membership.setFilter({ mode: "INCLUDE", sources: [] });
  assertEquals(host.v3(), ["BLOCK 232.1.2.3 [192.0.2.2]", "TO_IN 232.1.2.3 []"]);
  host.end();
});

Deno.test("a general query is answered once, for all groups, within its time (RFC 3376 §5.2)", () => {
  const host = new Member();
  host.ip.joinGroup(host.netif, GROUP);
  host.ip.joinGroup(host.netif, SSM, [S1]);
  host.advance(1000);
  host.driver.take();
  host.hears(GENERAL_QUERY);
  host.hears(GENERAL_QUERY);
  assertEquals(host.driver.take(), []);
  host.advance(10_000);
  assertEquals(host.v3().sort(), ["IS_EX 239.1.2.3 []", "IS_IN 232.1.2.3 [192.0.2.1]"]);
  assertEquals(host.driver.take(), []);
  host.hears(GENERAL_QUERY, GROUP);
  host.advance(10_000);
  assertEquals(host.driver.take(), [], "a general query to one group is not genuine");
  assertEquals(host.ip.igmp.counters.inGeneralQueries, 2);
  host.end();
});

Deno.test("a query about sources is answered for those that are wanted (RFC 3376 §5.2)", () => {
  const host = new Member();
  const membership = host.ip.joinGroup(host.netif, SSM, [S1, S2])!;
  host.advance(1000);
  host.driver.take();
  const answer = () => {
    host.hears(SOURCES_QUERY, SSM);
    host.advance(1000);
    return host.v3();
  };
  assertEquals(answer(), ["IS_IN 232.1.2.3 [192.0.2.1]"]);
  membership.setFilter({ mode: "EXCLUDE", sources: [S1] });
  host.advance(1000);
  host.driver.take();
  assertEquals(answer(), ["IS_IN 232.1.2.3 [192.0.2.9]"]);
  membership.setFilter({ mode: "EXCLUDE", sources: [S1, S9] });
  host.advance(1000);
  host.driver.take();
  assertEquals(answer(), []);
  host.hears(SOURCES_QUERY, SSM);
  host.hears(query(0x11, 10, SSM.w3), SSM); // of version 2: from now on as in version 2
  host.advance(1000);
  assertEquals(host.reports(), ["v2 232.1.2.3 to 232.1.2.3"]);
  membership.leave();
  host.end();
});

Deno.test("queries about groups that nobody joined are not answered; 224.0.0.1 never is reported", () => {
  const host = new Member();
  host.hears(SOURCES_QUERY, ipv4(0xe0000001));
  host.hears(GENERAL_QUERY);
  host.advance(10_000);
  assertEquals(host.driver.take(), []);
  host.end();
});

Deno.test("after a query of version 2: reports and leaves of version 2, and silence if others report (RFC 2236 §3)", () => {
  const host = new Member();
  host.hears(V2_QUERY);
  assertEquals(host.ip.igmp.reporter.versionOf(host.netif), 2);
  const membership = host.ip.joinGroup(host.netif, GROUP)!;
  const [report] = host.driver.take();
  assertEquals(decode(report!).payload.subarray(24), V2_REPORT);
  host.advance(10_000);
  assertEquals(host.reports(), ["v2 239.1.2.3 to 239.1.2.3"]);
  host.hears(V2_QUERY);
  host.advance(10_000);
  assertEquals(host.reports(), ["v2 239.1.2.3 to 239.1.2.3"]);
  membership.leave();
  const [leave] = host.driver.take();
  assertEquals(decodePacket(decode(leave!).payload).destination, "224.0.0.2");
  assertEquals(decode(leave!).payload.subarray(24), V2_LEAVE);
  const again = host.ip.joinGroup(host.netif, GROUP)!;
  host.advance(10_000);
  host.driver.take();
  host.hears(V2_QUERY);
  host.hears(V2_REPORT, GROUP, "10.0.0.7");
  host.advance(10_000);
  assertEquals(host.driver.take(), []);
  again.leave();
  assertEquals(host.driver.take(), [], "somebody else reported last");
  host.end();
});

Deno.test("version 2 is given up when its querier has been silent for 260 s (RFC 3376 §8.12)", () => {
  const host = new Member();
  host.hears(V2_QUERY);
  host.advance(259_999);
  assertEquals(host.ip.igmp.reporter.versionOf(host.netif), 2);
  host.advance(1);
  assertEquals(host.ip.igmp.reporter.versionOf(host.netif), 3);
  host.ip.joinGroup(host.netif, GROUP);
  assertEquals(host.v3(), ["TO_EX 239.1.2.3 []"]);
  host.end();
});

Deno.test("after a query of version 1: reports of version 1, no leaves (RFC 2236 §4)", () => {
  const host = new Member();
  host.hears(query(0x11, 0, 0));
  assertEquals(host.ip.igmp.counters.inV1Queries, 1);
  const membership = host.ip.joinGroup(host.netif, GROUP)!;
  assertEquals(host.reports(), ["v1 239.1.2.3 to 239.1.2.3"]);
  host.advance(20_000);
  host.reports();
  membership.leave();
  assertEquals(host.driver.take(), []);
  host.end();
});

Deno.test("an older querier stops what is pending (RFC 3376 §7.2.1)", () => {
  const host = new Member();
  host.ip.joinGroup(host.netif, GROUP);
  host.v3();
  host.hears(V2_QUERY);
  host.advance(10_000);
  assertEquals(host.reports(), ["v2 239.1.2.3 to 239.1.2.3"]);
  host.end();
});

Deno.test("a link that comes up: every group is reported anew; down: silence, and no timer", () => {
  const host = new Member();
  host.ip.joinGroup(host.netif, GROUP);
  host.netif.setDown();
  assertEquals(host.timers.size, 0);
  host.driver.take();
  host.ip.joinGroup(host.netif, SSM, [S1]);
  host.advance(5000);
  assertEquals(host.driver.take(), []);
  host.netif.setUp();
  const reported = new Set(host.v3());
  assertEquals([...reported].sort(), ["ALLOW 232.1.2.3 [192.0.2.1]", "TO_EX 239.1.2.3 []"]);
  host.end();
});

Deno.test("a report with more groups than fit is several packets; leaveGroup() finds a membership", () => {
  const host = new Member();
  for (let i = 0; i < 400; i++) host.ip.joinGroup(host.netif, ipv4(0xef000000 + i));
  host.advance(1000);
  host.driver.take();
  host.hears(GENERAL_QUERY);
  host.advance(10_000);
  const frames = host.driver.take();
  assertEquals(frames.length, 3);
  assert(frames.every((f) => f.length <= 1514));
  const all = frames.flatMap((f) => describe(decodePacket(decode(f).payload).payload));
  assertEquals(new Set(all).size, 400);
  assert(host.ip.leaveGroup(host.netif, ipv4(0xef000005)));
  assert(!host.ip.leaveGroup(host.netif, ipv4(0xef000005)));
  host.end();
});

Deno.test("the station filter of the interface follows the groups (lwIP's igmp_mac_filter)", () => {
  const host = new Member();
  const calls: string[] = [];
  host.netif.joinMulticastFilter = (mac) => calls.push(`+${mac.toString(16)}`);
  host.netif.leaveMulticastFilter = (mac) => calls.push(`-${mac.toString(16)}`);
  const a = host.ip.joinGroup(host.netif, GROUP)!;
  const b = host.ip.joinGroup(host.netif, GROUP, [S1])!;
  a.leave();
  b.leave();
  assertEquals(calls, ["+1005e010203", "-1005e010203"]);
  host.end();
});

Deno.test("malformed messages are counted and dropped at every length and bit", () => {
  const host = new Member();
  for (const good of [GENERAL_QUERY, SOURCES_QUERY, V2_QUERY]) {
    for (let n = 0; n < good.length; n++) if (n !== 8) host.hears(good.subarray(0, n));
    for (let bit = 0; bit < good.length * 8; bit++) {
      const bytes = good.slice();
      bytes[bit >> 3]! ^= 0x80 >> (bit & 7);
      host.hears(bytes);
    }
  }
  const total = (12 - 1 + 96) + (20 - 1 + 160) + (8 + 64);
  assertEquals(host.ip.igmp.counters.inErrors, total);
  const lying = SOURCES_QUERY.slice();
  lying[11] = 200;
  lying[2] = lying[3] = 0;
  const sum = checksum(lying);
  lying[2] = sum >> 8;
  lying[3] = sum & 255;
  host.hears(lying);
  assertEquals(host.ip.igmp.counters.inErrors, total + 1);
  host.hears(query(0x99, 0, 0));
  assertEquals(host.ip.igmp.counters.inErrors, total + 1);
  host.end();
});

Deno.test("decodeTimeCode() reads the floating-point form (RFC 3376 §4.1.1)", () => {
  assertEquals([0, 1, 127, 128, 0x8f, 0x90, 0xff].map(decodeTimeCode), [0, 1, 127, 128, 248, 256, 31744]);
});

Deno.test("bounds: groups and sources", () => {
  const host = new Member({ multicast: { groupsMax: 3, sourcesMax: 2 } });
  assert(host.ip.joinGroup(host.netif, ipv4(0xef000001)) !== undefined); // 224.0.0.1 counts
  assert(host.ip.joinGroup(host.netif, ipv4(0xef000002)) !== undefined);
  assertEquals(host.ip.joinGroup(host.netif, ipv4(0xef000003)), undefined);
  assertEquals(host.ip.multicast.refused, 1);
  assertThrows(() => host.ip.joinGroup(host.netif, SSM, [S1, S2, S9]), RangeError, "the bound is 2");
  assertThrows(() => host.ip.joinGroup(host.netif, S1), TypeError, "not a multicast address");
  host.ip.removeNetif(host.netif);
  assertThrows(() => host.ip.joinGroup(host.netif, SSM), TypeError, "add it first");
  host.end();
});
