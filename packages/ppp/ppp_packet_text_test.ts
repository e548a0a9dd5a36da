import { assert, assertEquals } from "@std/assert";
import { parseHex } from "@lightwire/pbuf";
import fc from "fast-check";
import { formatPppPacket } from "./ppp_packet_text.ts";

function text(protocol: number, hex: string, hideSecrets?: boolean): string {
  const bytes = parseHex(hex);
  return formatPppPacket(protocol, bytes, 0, bytes.length, { hideSecrets });
}

function textHex(value: string): string {
  return Array.from(new TextEncoder().encode(value), (octet) => octet.toString(16).padStart(2, "0")).join("");
}

Deno.test("LCP: requests name each option, the known by its value (RFC 1661 §6)", () => {
  assertEquals(
    text(0xc021, "01010019 010405dc 0206000a0000 0305c22305 05065d06a1b2"),
    "LCP ConfReq id 1 mru 1500 accm 000a0000 auth chap-md5 magic 5d06a1b2",
  );
  assertEquals(
    text(0xc021, "01070018 0304c023 0702 0802 0d0306 110405dc 12021303aa"),
    "LCP ConfReq id 7 auth pap pfc acfc callback 06 mrru 1500 short-sequence endpoint aa",
  );
  assertEquals(text(0xc021, "0302000d 0305c22381 0304c227"), "LCP ConfNak id 2 auth mschapv2 auth eap");
  assertEquals(text(0xc021, "04020008 4d040102"), "LCP ConfRej id 2 option 77 0102");
  assertEquals(text(0xc021, "01010007 010305"), "LCP ConfReq id 1 mru 05");
  assertEquals(text(0xc021, "01010006 0109"), "LCP ConfReq id 1 malformed options 0109");
});

Deno.test("LCP: the other codes tell what they are about (RFC 1661 §5, RFC 1570 §2)", () => {
  assertEquals(text(0xc021, `05030008${textHex("bye!")}`), 'LCP TermReq id 3 "bye!"');
  assertEquals(text(0xc021, "06030004"), "LCP TermAck id 3");
  assertEquals(text(0xc021, "0704000c 63010008 00000000"), "LCP CodeRej id 4 (LCP code 99 id 1 00000000)");
  assertEquals(
    text(0xc021, "0805000a 8057 01010004"),
    "LCP ProtRej id 5 (IPV6CP ConfReq id 1)",
  );
  assertEquals(text(0xc021, "09060008 5d06a1b2"), "LCP EchoReq id 6 magic 5d06a1b2");
  assertEquals(text(0xc021, "0a06000a 5d06a1b2 beef"), "LCP EchoRep id 6 magic 5d06a1b2 data beef");
  assertEquals(text(0xc021, `0c07000b 00000000 ${textHex("x y")}`), 'LCP Ident id 7 magic 00000000 "x y"');
  assertEquals(text(0xc021, "0d08000c 00000000 0000003c"), "LCP TimeRemain id 8 magic 00000000 60 s");
});

Deno.test("NCPs: addresses, identifiers and encryption in their own notation (RFC 1332 §3, RFC 5072 §4, RFC 3078 §2)", () => {
  assertEquals(
    text(0x8021, "0101001c 030600000000 810600000000 0206002d0f01 83060a000035"),
    "IPCP ConfReq id 1 address 0.0.0.0 dns1 0.0.0.0 compress VJ slots 16 slot-id dns2 10.0.0.53",
  );
  assertEquals(
    text(0x8057, "0102000e 010a0200 5efffe00 5301"),
    "IPV6CP ConfReq id 2 identifier 0200:5eff:fe00:5301",
  );
  assertEquals(text(0x80fd, "0103000a 120601000060"), "CCP ConfReq id 3 mppe stateless 128 40");
  assertEquals(text(0x80fd, "0e040004"), "CCP ResetReq id 4");
  assertEquals(text(0x8021, "0e040004"), "IPCP code 14 id 4");
});

Deno.test("authentication: names are shown, secrets are not unless asked for (RFC 1334 §2, RFC 1994 §4, RFC 3748 §4)", () => {
  const pap = `01010014 05${textHex("alice")} 09${textHex("looking-g")}`;
  assertEquals(text(0xc023, pap), 'PAP AuthReq id 1 user "alice" password <hidden>');
  assertEquals(text(0xc023, pap, false), 'PAP AuthReq id 1 user "alice" password "looking-g"');
  assertEquals(text(0xc023, `03010008 03${textHex("no!")}`), 'PAP AuthNak id 1 "no!"');
  const value = "04a1b2c3d4";
  assertEquals(
    text(0xc223, `0109000c ${value}${textHex("isp")}`),
    'CHAP Challenge id 9 name "isp" value a1b2c3d4',
  );
  assertEquals(
    text(0xc223, `0209000c ${value}${textHex("bob")}`),
    'CHAP Response id 9 name "bob" value <hidden>',
  );
  assertEquals(text(0xc223, `0409000c ${textHex("E=691 R=")}`), 'CHAP Failure id 9 "E=691 R="');
  assertEquals(text(0xc223, "06090008 01020304"), "CHAP ChangePassword2 id 9 <hidden>");
  assertEquals(text(0xc227, "01010005 01"), "EAP Request id 1 Identity");
  assertEquals(text(0xc227, `02010008 01${textHex("bob")}`), 'EAP Response id 1 Identity "bob"');
  assertEquals(text(0xc227, "02020007 031a04"), "EAP Response id 2 Nak, wants MSCHAPv2 MD5");
  assertEquals(text(0xc227, "02030009 04 03010203"), "EAP Response id 3 MD5 <hidden>");
  assertEquals(text(0xc227, "03030004"), "EAP Success id 3");
  const identity = `0201002b 01${textHex("1262011234567890@wlan.mnc001.mcc262.x")}`;
  assert(!text(0xc227, `${identity}00`).includes("262011234567890"));
});

Deno.test("data and the malformed: what it is and how long, of a broken PAP packet no octet (RFC 1661 §2)", () => {
  assertEquals(text(0x0021, "45000014"), "IPv4 4 octets");
  assertEquals(text(0x4321, "00"), "protocol 0x4321 1 octets");
  assertEquals(text(0xc021, "0101ff"), "LCP malformed 0101ff");
  assertEquals(text(0xc023, "01010099 0161"), "PAP malformed 6 octets");
});

Deno.test("any octets at all: one line, no exception, no control character (RFC 1661 §5)", () => {
  const protocol = fc.constantFrom(0xc021, 0xc023, 0xc025, 0xc223, 0xc227, 0x8021, 0x8057, 0x80fd, 0x0021);
  fc.assert(
    fc.property(protocol, fc.uint8Array({ maxLength: 60 }), fc.nat(60), fc.boolean(), (p, noise, n, h) => {
      const bytes = Uint8Array.of(n & 15, 1, 0, Math.max(4, noise.length + 4), ...noise);
      const line = formatPppPacket(p, bytes, 0, bytes.length, { hideSecrets: h });
      // deno-lint-ignore no-control-regex
      assert(!/[\u0000-\u001f\u007f]/.test(line), line);
    }),
  );
});
