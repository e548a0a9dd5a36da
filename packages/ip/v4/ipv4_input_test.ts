import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { type Pbuf, PBUF_LINK_OTHER_HOST } from "@lightwire/pbuf";
import type { Netif } from "@lightwire/netif";
import { type IpDisposition, type IpDropReason, type IpOptions, type IpRxInfo, ipv4 } from "../mod.ts";
import {
  arp,
  bytesOf,
  frame,
  icmp,
  packet,
  type PacketOptions,
  TestHost,
  type TestNetifOptions,
} from "../testdata/harness.ts";

const BROADCAST = 0xffff_ffff_ffff;

interface Seen {
  source: string;
  destination: string;
  netif: Netif;
  bytes: Uint8Array;
  isBroadcast: boolean;
  isMulticast: boolean;
  ttl: number;
  tos: number;
  headerLength: number;
}

/** A host that takes protocol 253. */
class Receiver extends TestHost {
  readonly seen: Seen[] = [];
  readonly reasons: IpDropReason[] = [];
  answer: IpDisposition = "delivered";
  batchEnds = 0;

  constructor(options: IpOptions = {}, ...netifs: TestNetifOptions[]) {
    super(options, ...netifs);
    this.ip.hooks.dropped = (reason) => this.reasons.push(reason);
    this.ip.registerProtocol({
      protocol: 253,
      ipInput: (p: Pbuf, rx: IpRxInfo) => {
        this.seen.push({
          source: rx.source.toString(),
          destination: rx.destination.toString(),
          netif: rx.netif,
          bytes: bytesOf(p),
          isBroadcast: rx.isBroadcast,
          isMulticast: rx.isMulticast,
          ttl: rx.hopLimit,
          tos: rx.tos,
          headerLength: rx.headerLength,
        });
        if (this.answer === "delivered") p.release();
        return this.answer;
      },
      ipError: () => {},
      inputBatchEnd: () => this.batchEnds++,
      addressChanged: () => {},
    });
  }

  receive(source: string, destination: string, o: PacketOptions & { to?: number; on?: number } = {}): number {
    const before = this.seen.length;
    const mac = this.netifs[o.on ?? 0]!.macAddress;
    this.drivers[o.on ?? 0]!.receive(
      frame(0x0800, packet(source, destination, Uint8Array.of(1, 2, 3, 4), o), o.to ?? mac),
    );
    return this.seen.length - before;
  }

  lastReason(): IpDropReason | undefined {
    return this.reasons.at(-1);
  }
}

Deno.test("a packet for us is handed up with all that is known of it, its padding cut off (RFC 1122 §3.2.1)", () => {
  const host = new Receiver();
  const padded = new Uint8Array(46);
  padded.set(packet("10.0.0.2", "10.0.0.1", Uint8Array.of(9, 8, 7), { ttl: 33, tos: 0xb9 }));
  host.driver.receive(frame(0x0800, padded));
  const [seen] = host.seen;
  assertEquals({ ...seen!, netif: 0 }, {
    source: "10.0.0.2",
    destination: "10.0.0.1",
    netif: 0,
    bytes: Uint8Array.of(9, 8, 7),
    isBroadcast: false,
    isMulticast: false,
    ttl: 33,
    tos: 0xb9,
    headerLength: 20,
  });
  assertStrictEquals(seen!.netif, host.netif);
  assertEquals(host.batchEnds, 1);
  assertEquals([host.ip.counters.inReceives, host.ip.counters.inDelivers, host.ip.counters.inOctets], [
    1,
    1,
    23,
  ]);
  host.assertBalanced();
});

Deno.test("malformed headers are counted by reason and never answered (lwIP IP-10)", () => {
  const host = new Receiver();
  const good = packet("10.0.0.2", "10.0.0.1", Uint8Array.of(1, 2, 3, 4));
  const change = (at: number, value: number) => {
    const bytes = good.slice();
    bytes[at] = value;
    bytes[10] = bytes[11] = 0;
    let sum = 0;
    for (let i = 0; i < 20; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!;
    sum = ~((sum & 0xffff) + (sum >>> 16));
    bytes[10] = (sum >> 8) & 255;
    bytes[11] = sum & 255;
    return bytes;
  };
  const inject = (bytes: Uint8Array) => {
    host.driver.receive(frame(0x0800, bytes));
    return host.lastReason();
  };
  for (let n = 0; n < 20; n++) assertEquals(inject(good.slice(0, n)), "truncated");
  for (let n = 20; n < 24; n++) assertEquals(inject(good.slice(0, n)), "truncated");
  assertEquals(inject(change(0, 0x55)), "bad-version");
  assertEquals(inject(change(0, 0x44)), "bad-header-length");
  assertEquals(inject(change(0, 0x4f)), "bad-header-length");
  assertEquals(inject(change(3, 19)), "truncated");
  const flipped = good.slice();
  flipped[8]! ^= 1;
  assertEquals(inject(flipped), "bad-checksum");
  assertEquals(host.ip.counters.drops.truncated, 25);
  assertEquals(host.ip.counters.inHdrErrors, 24);
  assertEquals(host.ip.counters.inTruncatedPkts, 5);
  assertEquals(host.seen, []);
  assertEquals(host.driver.take(), []);
  host.assertBalanced();
});

Deno.test("every flipped bit of a header is detected, and nothing leaks", () => {
  const host = new Receiver();
  const good = packet("10.0.0.2", "10.0.0.1", Uint8Array.of(1, 2, 3, 4));
  for (let bit = 0; bit < 160; bit++) {
    const bytes = good.slice();
    bytes[bit >> 3]! ^= 0x80 >> (bit & 7);
    host.driver.receive(frame(0x0800, bytes));
  }
  assertEquals(host.seen.length, 0);
  assertEquals(host.reasons.length, 160);
  host.assertBalanced();
});

Deno.test("sources that are no single host are dropped (RFC 1122 §3.2.1.3)", () => {
  const host = new Receiver();
  for (
    const source of [
      "224.0.0.1",
      "255.255.255.255",
      "240.0.0.1",
      "127.0.0.1",
      "10.0.0.255",
      "10.0.0.1",
      "0.0.0.0",
    ]
  ) {
    assertEquals(host.receive(source, "10.0.0.1"), 0, source);
    assertEquals(host.lastReason(), "bad-source");
  }
  assertEquals(host.receive("0.0.0.0", "255.255.255.255", { to: BROADCAST }), 1);
  assertEquals(host.ip.counters.inAddrErrors, 7);
  host.assertBalanced();
});

Deno.test("destinations: own, broadcast of either kind, groups that were joined; nothing else", () => {
  const host = new Receiver();
  assertEquals(host.receive("10.0.0.2", "10.0.0.1"), 1);
  assertEquals(host.receive("10.0.0.2", "10.0.0.3"), 0);
  assertEquals(host.lastReason(), "not-for-us");
  assertEquals(host.receive("10.0.0.2", "127.0.0.1"), 0);
  assertEquals(host.lastReason(), "bad-destination");
  assertEquals(host.receive("10.0.0.2", "0.0.0.0"), 0);
  assertEquals(host.receive("10.0.0.2", "240.0.0.1"), 0);
  assertEquals(host.receive("10.0.0.2", "255.255.255.255", { to: BROADCAST }), 1);
  assertEquals(host.receive("10.0.0.2", "10.0.0.255", { to: BROADCAST }), 1);
  assertEquals(host.seen.map((s) => s.isBroadcast), [false, true, true]);
  assertEquals(host.receive("10.0.0.2", "239.1.1.1", { to: 0x01_00_5e_01_01_01 }), 0);
  assertEquals(host.lastReason(), "not-a-member");
  const membership = host.ip.joinGroup(host.netif, ipv4(0xef010101))!;
  assertEquals(host.receive("10.0.0.2", "239.1.1.1", { to: 0x01_00_5e_01_01_01 }), 1);
  assertEquals(host.seen.at(-1)!.isMulticast, true);
  membership.setFilter({ mode: "EXCLUDE", sources: [ipv4(0x0a000002)] });
  assertEquals(host.receive("10.0.0.2", "239.1.1.1", { to: 0x01_00_5e_01_01_01 }), 0);
  assertEquals(host.receive("10.0.0.3", "239.1.1.1", { to: 0x01_00_5e_01_01_01 }), 1);
  membership.leave();
  assertEquals(host.receive("10.0.0.3", "239.1.1.1", { to: 0x01_00_5e_01_01_01 }), 0);
  assertEquals(host.receive("10.0.0.3", "224.0.0.1", { to: 0x01_00_5e_00_00_01 }), 1);
  host.advance(60_000);
  host.assertBalanced();
});

Deno.test("unicast inside a link-layer broadcast, or for another station, is dropped (RFC 1122 §3.3.6)", () => {
  const host = new Receiver();
  assertEquals(host.receive("10.0.0.2", "10.0.0.1", { to: BROADCAST }), 0);
  assertEquals(host.lastReason(), "link-layer-mismatch");
  host.netif.promiscuous = true;
  assertEquals(host.receive("10.0.0.2", "10.0.0.1", { to: 0x02_aa }), 0);
  assertEquals(host.lastReason(), "link-layer-mismatch");
  assertEquals(host.receive("10.0.0.2", "10.0.0.9", { to: 0x02_aa }), 0);
  assertEquals(PBUF_LINK_OTHER_HOST > 0, true);
  assertEquals(host.driver.take(), []);
  host.assertBalanced();
});

Deno.test("weak host: an address is taken on every interface; strong host: on its own (RFC 1122 §3.3.4.2)", () => {
  for (const strongHost of [false, true]) {
    const host = new Receiver({ strongHost }, { addresses: ["10.0.0.1/24"] }, { addresses: ["10.1.0.1/24"] });
    assertEquals(host.receive("10.0.0.2", "10.0.0.1"), 1);
    assertEquals(host.receive("10.0.0.2", "10.1.0.1"), strongHost ? 0 : 1);
    assertEquals(host.receive("10.0.0.2", "10.1.0.1", { on: 1 }), 1);
    host.assertBalanced();
  }
});

Deno.test("127/8 is taken on the loopback interface alone (lwIP test_ip4 127_0_0_1)", () => {
  const host = new Receiver({}, { addresses: ["10.0.0.1/24"] }, {
    medium: "ip",
    isLoopback: true,
    addresses: ["127.0.0.1/8"],
  });
  assertEquals(host.receive("10.0.0.2", "127.0.0.1"), 0);
  host.drivers[1]!.receive(packet("127.0.0.1", "127.0.0.1", Uint8Array.of(1)));
  host.drivers[1]!.receive(packet("127.0.0.1", "127.9.9.9", Uint8Array.of(1)));
  host.drivers[1]!.receive(packet("10.0.0.1", "10.0.0.1", Uint8Array.of(1)));
  assertEquals(host.seen.length, 3);
  host.assertBalanced();
});

Deno.test("an interface without address takes UDP for port 68, and what the hook names (RFC 2131 §4.1)", () => {
  const host = new Receiver({}, {});
  const seen: string[] = [];
  host.ip.registerProtocol({
    protocol: 17,
    ipInput: (p, rx) => {
      seen.push(rx.destination.toString());
      p.release();
      return "delivered";
    },
    ipError: () => {},
    inputBatchEnd: () => {},
    addressChanged: () => {},
  });
  const offer = (port: number) =>
    host.driver.receive(
      frame(
        0x0800,
        packet("10.0.0.2", "10.0.0.77", Uint8Array.of(0, 67, port >> 8, port & 255, 0, 8, 0, 0), {
          protocol: 17,
        }),
      ),
    );
  offer(68);
  offer(69);
  assertEquals(seen, ["10.0.0.77"]);
  host.ip.hooks.acceptUdpPort = (port) => port === 69;
  offer(69);
  assertEquals(seen, ["10.0.0.77", "10.0.0.77"]);
  assertEquals(host.receive("10.0.0.2", "10.0.0.77"), 0);
  host.ip.addAddress(host.netif, ipv4(0x0a000001), 24);
  offer(68);
  assertEquals(seen.length, 2);
  host.assertBalanced();
});

Deno.test("the meaning of an address is not remembered across changes of addresses", () => {
  const host = new Receiver();
  assertEquals(host.receive("10.0.0.2", "10.0.0.3"), 0);
  host.ip.addAddress(host.netif, ipv4(0x0a000003), 24);
  assertEquals(host.receive("10.0.0.2", "10.0.0.3"), 1);
  host.ip.removeAddress(host.netif, ipv4(0x0a000003));
  assertEquals(host.receive("10.0.0.2", "10.0.0.3"), 0);
  host.ip.addAddress(host.netif, ipv4(0x0a000002), 24);
  assertEquals(host.receive("10.0.0.2", "10.0.0.1"), 0);
  assertEquals(host.lastReason(), "bad-source");
});

Deno.test("hook IP4_INPUT sees every good packet first and may eat it", () => {
  const host = new Receiver();
  const eaten: Uint8Array[] = [];
  host.ip.hooks.ip4Input = (p, netif) => {
    assertStrictEquals(netif, host.netif);
    if (p.view.getUint8(p.start + 9) !== 253) return false;
    eaten.push(bytesOf(p));
    p.release();
    return true;
  };
  assertEquals(host.receive("10.0.0.2", "10.0.0.9"), 0);
  assertEquals(eaten.length, 1);
  assertEquals(eaten[0]!.length, 24);
  host.ip.hooks.ip4Input = () => false;
  assertEquals(host.receive("10.0.0.2", "10.0.0.1"), 1);
  host.assertBalanced();
});

Deno.test("options are tolerated, malformed ones answered with a pointer to the byte (RFC 1122 §3.2.1.8, RFC 792)", () => {
  const host = new Receiver();
  host.neighbor("10.0.0.2");
  assertEquals(host.receive("10.0.0.2", "10.0.0.1", { options: Uint8Array.of(1, 1, 1, 0) }), 1);
  assertEquals(host.seen[0]!.headerLength, 24);
  assertEquals(host.receive("10.0.0.2", "10.0.0.1", { options: Uint8Array.of(148, 4, 0, 0) }), 1);
  for (
    const [options, pointer] of [
      [[7, 1, 4, 0], 21],
      [[7, 5, 4, 0], 21],
      [[1, 7, 39, 4], 22],
      [[1, 1, 1, 7], 23],
      [[7, 3, 3, 0], 22],
      [[68, 4, 4, 0], 22],
      [[148, 3, 0, 0], 21],
      [[7, 4, 4, 0, 7, 3, 4, 0], 25],
    ] as const
  ) {
    assertEquals(host.receive("10.0.0.2", "10.0.0.1", { options: Uint8Array.from(options) }), 0);
    assertEquals(host.lastReason(), "bad-options");
    const reply = host.driver.take()[0]!.subarray(14);
    assertEquals([reply[20], reply[21], reply[24]], [12, 0, pointer], `${options}`);
  }
  const strict = new Receiver({ ipOptions: "drop" });
  assertEquals(strict.receive("10.0.0.2", "10.0.0.1", { options: Uint8Array.of(1, 1, 1, 0) }), 0);
  assertEquals(strict.driver.take(), []);
  host.assertBalanced();
});

Deno.test("source routes are refused; ones that end here are taken if the user wants (RFC 7126 §4.3)", () => {
  const done = Uint8Array.of(131, 7, 8, 1, 2, 3, 4, 0);
  const open = Uint8Array.of(137, 7, 4, 1, 2, 3, 4, 0);
  const twice = Uint8Array.of(131, 3, 4, 137, 3, 4, 0, 0);
  const host = new Receiver();
  for (const options of [done, open]) {
    assertEquals(host.receive("10.0.0.2", "10.0.0.1", { options }), 0);
    assertEquals(host.lastReason(), "source-route");
  }
  const lax = new Receiver({ sourceRoute: "accept-final" });
  assertEquals(lax.receive("10.0.0.2", "10.0.0.1", { options: done }), 1);
  assertEquals(lax.receive("10.0.0.2", "10.0.0.1", { options: open }), 0);
  assertEquals(lax.receive("10.0.0.2", "10.0.0.1", { options: twice }), 0);
  assertEquals(lax.lastReason(), "bad-options");
  assertEquals(host.driver.take(), []);
});

Deno.test("unknown protocols and closed ports are answered, but not to everybody (RFC 1122 §3.2.2)", () => {
  const host = new Receiver();
  host.neighbor("10.0.0.2");
  const answer = () => {
    const f = host.driver.take();
    return f.map((bytes) => `${bytes[14 + 20]}/${bytes[14 + 21]}`);
  };
  host.receive("10.0.0.2", "10.0.0.1", { protocol: 99 });
  assertEquals(answer(), ["3/2"]);
  assertEquals(host.ip.counters.inUnknownProtos, 1);
  host.answer = "port-unreachable";
  host.receive("10.0.0.2", "10.0.0.1");
  assertEquals(answer(), ["3/3"]);
  host.answer = "protocol-unreachable";
  host.receive("10.0.0.2", "10.0.0.1");
  assertEquals(answer(), ["3/2"]);
  host.receive("10.0.0.2", "10.0.0.255", { to: BROADCAST });
  host.receive("10.0.0.2", "10.0.0.255", { to: BROADCAST, protocol: 99 });
  host.receive("10.0.0.2", "224.0.0.1", { to: 0x01_00_5e_00_00_01, protocol: 99 });
  assertEquals(answer(), []);
  host.assertBalanced();
});

Deno.test("other EtherTypes and unknown interfaces are counted", () => {
  const host = new Receiver();
  host.driver.receive(frame(0x86dd, new Uint8Array(40).fill(0x60)));
  assertEquals(host.lastReason(), "unknown-ether-type");
  host.ip.removeNetif(host.netif);
  host.driver.receive(frame(0x0806, arp(1, 0x02_99, "10.0.0.2", 0, "10.0.0.1")));
  assertEquals(host.lastReason(), "no-interface");
  host.assertBalanced();
});

Deno.test("one million mutations of good packets: no exception, no leak (issue 2, bad input)", () => {
  const host = new Receiver({ forwarding: true }, { addresses: ["10.0.0.1/24"] }, {
    addresses: ["10.1.0.1/24"],
  });
  host.ip.joinGroup(host.netif, ipv4(0xef010101));
  const data = Uint8Array.from({ length: 40 }, (_, i) => i);
  const quoted = packet("10.0.0.1", "10.1.0.9", data, { protocol: 253 });
  const seeds = [
    packet("10.0.0.2", "10.0.0.1", data),
    packet("10.0.0.2", "10.0.0.1", data, { options: Uint8Array.of(7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0) }),
    packet("10.0.0.2", "10.1.0.7", data, { ttl: 2 }),
    packet("10.0.0.2", "10.0.0.1", data, { flagsFragment: 0x2000 }),
    packet("10.0.0.2", "10.0.0.1", data, { flagsFragment: 5 }),
    packet("10.0.0.2", "10.0.0.1", icmp(8, 0, 0x1234_0001, data), { protocol: 1 }),
    packet("10.0.0.2", "10.0.0.1", icmp(3, 4, 1400, quoted), { protocol: 1 }),
    packet("10.0.0.2", "10.0.0.1", icmp(5, 1, 0x0a0000fe, quoted), { protocol: 1 }),
    packet("10.0.0.2", "224.0.0.1", Uint8Array.of(0x11, 100, 0xee, 0x9b, 0, 0, 0, 0), { protocol: 2 }),
    packet("10.0.0.2", "224.0.0.1", Uint8Array.of(0x11, 100, 0xec, 0x1e, 0, 0, 0, 0, 2, 125, 0, 0), {
      protocol: 2,
    }),
  ].map((p) => frame(0x0800, p));
  seeds.push(frame(0x0806, arp(1, 0x02_99, "10.0.0.2", 0, "10.0.0.1"), BROADCAST));
  let state = 12345;
  const random = (n: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % n;
  };
  const runs = Number(Deno.env.get("IP_MUTATIONS") ?? 100_000);
  for (let i = 0; i < runs; i++) {
    const seed = seeds[random(seeds.length)]!;
    const bytes = random(8) === 0 ? seed.slice(0, random(seed.length + 1)) : seed.slice();
    for (let n = random(4); n > 0 && bytes.length > 14; n--) {
      bytes[14 + random(bytes.length - 14)] = random(256);
    }
    // Mend the checksum mostly, or nothing gets past it.
    if (bytes.length >= 34 && random(8) !== 0 && bytes[12] === 8 && bytes[13] === 0) mend(bytes);
    host.driver.receive(bytes);
    if (i % 64 === 0) {
      host.drivers.forEach((d) => d.take());
      host.advance(random(2000));
    }
  }
  host.advance(200_000);
  assert(host.ip.counters.inReceives > runs / 2);
  assertEquals(host.ip.reassembly4.datagrams.size, 0);
  assertEquals(host.timers.size, 0);
  host.assertBalanced();
});

function mend(bytes: Uint8Array): void {
  const headerLength = Math.min((bytes[14]! & 15) * 4, bytes.length - 14) & ~1;
  if (headerLength < 12) return;
  bytes[24] = bytes[25] = 0;
  let sum = 0;
  for (let i = 14; i < 14 + headerLength; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  bytes[24] = (~sum >> 8) & 255;
  bytes[25] = ~sum & 255;
}
