import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { parseHex } from "@lightwire/pbuf";
import { ipv4, IPV4_ANY } from "@lightwire/ip";
import {
  BOOTREPLY,
  BOOTREQUEST,
  DHCP_OPTION,
  type DhcpMessage,
  dhcpMessageType,
  DhcpOptions,
  emitDhcpMessage,
  formatDhcpMessage,
  hardwareClientId,
  leaseFrom,
  parseDhcpMessage,
} from "./mod.ts";
import {
  DNSMASQ_ACK,
  DNSMASQ_NAK,
  DNSMASQ_OFFER,
  DNSMASQ_OVERLOAD,
  SCAPY_DISCOVER,
} from "./testdata/captures.ts";

function parsed(bytes: Uint8Array): DhcpMessage {
  const message = parseDhcpMessage(bytes);
  if (typeof message === "string") throw new Error(message);
  return message;
}

Deno.test("parseDhcpMessage() reads an OFFER of dnsmasq", () => {
  const offer = parsed(DNSMASQ_OFFER);
  assertEquals(dhcpMessageType(offer), "OFFER");
  assertEquals(offer.op, BOOTREPLY);
  assertEquals(offer.yiaddr.toString(), "10.77.0.127");
  assertEquals(offer.siaddr.toString(), "10.77.0.1");
  assertEquals(offer.flags, 0x8000);
  assertEquals([...offer.chaddr.subarray(0, 7)], [2, 0, 0, 0, 0, 0x22, 0]);
  assertEquals([...offer.options].map(([code]) => code), [
    53,
    54,
    51,
    58,
    59,
    1,
    28,
    15,
    121,
    119,
    26,
    42,
    6,
    3,
  ]);
  assertEquals(
    formatDhcpMessage(offer),
    "DHCP OFFER xid 1234abcd yiaddr 10.77.0.127 server 10.77.0.1 lease 120 s",
  );
});

Deno.test("leaseFrom() reads all that an ACK of dnsmasq says", () => {
  const lease = leaseFrom(parsed(DNSMASQ_ACK), ipv4(0x0a4d0001), 1000)!;
  const { options: _, ...rest } = lease;
  assertEquals(JSON.parse(JSON.stringify(rest, (_key, v) => v?.family === 4 ? v.toString() : v)), {
    serverId: "10.77.0.1",
    routers: ["10.77.0.1"],
    staticRoutes: [{ destination: { address: "10.5.0.0", length: 16 }, gateway: "10.77.0.254" }],
    dnsServers: ["10.77.0.1", "10.77.0.2"],
    domainName: "lan.example",
    searchDomains: ["lan.example", "corp.example"],
    ntpServers: ["10.77.0.3"],
    broadcastAddress: "10.77.0.255",
    mtu: 1400,
    hostname: "golden",
    address: "10.77.0.127",
    prefixLength: 24,
    grantedAt: 1000,
    leaseMs: 120_000,
    t1Ms: 60_000,
    t2Ms: 105_000,
  });
});

Deno.test("parseDhcpMessage() reads a NAK of dnsmasq with its reason", () => {
  const nak = parsed(DNSMASQ_NAK);
  assertEquals(dhcpMessageType(nak), "NAK");
  assertEquals(formatDhcpMessage(nak), 'DHCP NAK xid 00000055 server 10.77.0.1 "wrong address"');
});

Deno.test("parseDhcpMessage() finds the options that dnsmasq put into the file field (RFC 2132 §9.3)", () => {
  const offer = parsed(DNSMASQ_OVERLOAD);
  assertEquals(offer.options.uint8(DHCP_OPTION.OVERLOAD), 1);
  assertEquals(offer.file, "");
  assertEquals(offer.options.text(66), "tftp-server-with-a-rather-long-name.lan.example");
  assertEquals(offer.options.addresses(DHCP_OPTION.DOMAIN_NAME_SERVER).map(String), [
    "10.77.0.1",
    "10.77.0.2",
  ]);
  assertEquals(offer.options.get(224)?.length, 0x77);
});

Deno.test("emitDhcpMessage() writes what scapy does, padded to 300 bytes", () => {
  const discover = parsed(SCAPY_DISCOVER);
  const expected = new Uint8Array(300);
  expected.set(SCAPY_DISCOVER);
  assertEquals(emitDhcpMessage(discover), expected);
});

Deno.test("emitDhcpMessage() gives the bytes of dnsmasq's OFFER and ACK back", () => {
  assertEquals(emitDhcpMessage(parsed(DNSMASQ_OFFER)), DNSMASQ_OFFER);
  assertEquals(emitDhcpMessage(parsed(DNSMASQ_ACK)), DNSMASQ_ACK);
});

function message(options: DhcpOptions, o: Partial<DhcpMessage> = {}): DhcpMessage {
  return {
    op: BOOTREQUEST,
    htype: 1,
    hlen: 6,
    hops: 0,
    xid: 1,
    secs: 0,
    flags: 0,
    ciaddr: IPV4_ANY,
    yiaddr: IPV4_ANY,
    siaddr: IPV4_ANY,
    giaddr: IPV4_ANY,
    chaddr: new Uint8Array(16),
    sname: "",
    file: "",
    options,
    ...o,
  };
}

Deno.test("emitDhcpMessage() overloads file, then sname, and refuses what fits nowhere", () => {
  const options = new DhcpOptions().setUint8(53, 1);
  options.set(224, new Uint8Array(200).fill(1)).set(225, new Uint8Array(120).fill(2));
  options.set(226, new Uint8Array(90).fill(3)).set(227, new Uint8Array(50).fill(4));
  const bytes = emitDhcpMessage(message(options), 548);
  assertEquals(bytes.length <= 548, true);
  const back = parsed(bytes);
  assertEquals(back.options.uint8(DHCP_OPTION.OVERLOAD), 3);
  for (const code of [224, 225, 226, 227]) assertEquals(back.options.get(code), options.get(code), `${code}`);
  options.set(228, new Uint8Array(100));
  assertThrows(() => emitDhcpMessage(message(options), 548), RangeError, "Cannot fit");
  options.delete(228);
  assertThrows(() => emitDhcpMessage(message(options, { file: "boot" }), 548), RangeError, "Cannot fit");
});

Deno.test("options longer than 255 bytes go out in pieces and come back whole (RFC 3396)", () => {
  const options = new DhcpOptions().set(43, Uint8Array.from({ length: 600 }, (_, i) => i));
  const bytes = emitDhcpMessage(message(options), 1400);
  assertEquals(parsed(bytes).options.get(43), options.get(43));
});

Deno.test("parseDhcpMessage() refuses every truncation of the header, and options that run out", () => {
  for (let n = 0; n < 240; n++) assertEquals(parseDhcpMessage(DNSMASQ_ACK.subarray(0, n)), "truncated");
  for (let n = 240; n < DNSMASQ_ACK.length; n++) {
    const result = parseDhcpMessage(DNSMASQ_ACK.subarray(0, n));
    if (typeof result === "string") assertEquals(result, "bad-option");
  }
});

Deno.test("parseDhcpMessage() takes a NAK without end mark, and reads nothing behind it", () => {
  const bytes = DNSMASQ_NAK.slice(0, 240 + 9);
  const nak = parsed(bytes);
  assertEquals(dhcpMessageType(nak), "NAK");
  assertEquals(nak.options.size, 2);
});

Deno.test("parseDhcpMessage() ignores an overload that makes no sense", () => {
  for (const overload of ["34 01 00", "34 01 04", "34 01 ff", "34 02 01 01", "34 00"]) {
    const bytes = new Uint8Array([...DNSMASQ_NAK.subarray(0, 240), ...parseHex(`35 01 06 ${overload} ff`)]);
    bytes.fill(0xfe, 108, 236); // no options at all, would be refused
    assertEquals(dhcpMessageType(parsed(bytes)), "NAK", overload);
  }
});

Deno.test("parseDhcpMessage() refuses a foreign op, a long hardware address, a wrong cookie", () => {
  const edit = (at: number, value: number) => {
    const bytes = DNSMASQ_ACK.slice();
    bytes[at] = value;
    return parseDhcpMessage(bytes);
  };
  assertEquals(edit(0, 3), "bad-op");
  assertEquals(edit(2, 17), "bad-hardware-address");
  assertEquals(edit(236, 0), "bad-cookie");
});

Deno.test("text() leaves out what could speak to a terminal", () => {
  const options = new DhcpOptions().set(56, parseHex("1b5b336d 6869 07 c3a9 00 6a756e6b"));
  assertEquals(options.text(56), "[3mhié");
});

Deno.test("readers return undefined for values of a wrong length", () => {
  const options = new DhcpOptions().set(1, Uint8Array.of(255, 255, 255)).set(6, Uint8Array.of(1, 2, 3, 4, 5));
  assertEquals([options.uint8(1), options.uint16(1), options.uint32(1), options.address(6)], [
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  assertThrows(() => options.set(0, new Uint8Array(0)), RangeError, "Cannot set option 0");
});

Deno.test("hardwareClientId() is type 1 and the address (RFC 2132 §9.14)", () => {
  assertEquals([...hardwareClientId(0x02_aa_bb_cc_dd_ee)], [1, 2, 0xaa, 0xbb, 0xcc, 0xdd, 0xee]);
});

const anyOptions = fc.dictionary(
  fc.integer({ min: 1, max: 254 }).filter((c) => c !== DHCP_OPTION.OVERLOAD).map(String),
  fc.uint8Array({ maxLength: 300 }),
  { maxKeys: 8 },
);

Deno.test("property: parse after emit gives the message back", () => {
  fc.assert(fc.property(
    anyOptions,
    fc.integer({ min: 0, max: 0xffffffff }),
    fc.integer({ min: 0, max: 0xffff }),
    (values, xid, secs) => {
      const options = new DhcpOptions();
      for (const [code, value] of Object.entries(values)) options.set(Number(code), value);
      const before = message(options, { xid, secs, yiaddr: ipv4(xid), sname: "name", file: "file" });
      const after = parsed(emitDhcpMessage(before, 4096));
      assertEquals([...after.options].length, options.size);
      for (const [code, value] of options) assertEquals(after.options.get(code), value);
      assertEquals({ ...after, options: 0 }, { ...before, options: 0 });
    },
  ));
});

Deno.test("property: any bytes are read or refused, never thrown at", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 700 }), fc.boolean(), (bytes, hasHeader) => {
      if (hasHeader) {
        const whole = new Uint8Array(240 + bytes.length);
        whole.set(DNSMASQ_ACK.subarray(0, 240));
        whole.set(bytes, 240);
        bytes = whole;
      }
      const result = parseDhcpMessage(bytes);
      if (typeof result !== "string") {
        formatDhcpMessage(result);
        leaseFrom(result, IPV4_ANY, 0);
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("property: a flipped bit of dnsmasq's ACK is read or refused, never thrown at", () => {
  for (let bit = 0; bit < DNSMASQ_ACK.length * 8; bit++) {
    const bytes = DNSMASQ_ACK.slice();
    bytes[bit >> 3]! ^= 0x80 >> (bit & 7);
    const result = parseDhcpMessage(bytes);
    if (typeof result === "string") continue;
    leaseFrom(result, IPV4_ANY, 0);
    // What was accepted is emitted and read again as the same message.
    const again = parsed(emitDhcpMessage({ ...result, file: "", sname: "" }, 1400));
    for (const [code, value] of result.options) {
      if (code !== DHCP_OPTION.OVERLOAD) assertEquals(again.options.get(code), value);
    }
  }
});
