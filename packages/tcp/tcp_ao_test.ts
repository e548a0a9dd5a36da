import { assert, assertEquals } from "@std/assert";
import { IpAddress, type IpRxInfo, ipv4 } from "@lightwire/ip";
import { parseHex, PbufPool, take } from "@lightwire/pbuf";
import fc from "fast-check";
import { Segment } from "./segment.ts";
import { SequenceExtension } from "./sequence_extension.ts";
import { findOption, KIND_AO } from "./signed_segment.ts";
import { hasMac } from "./tcp_ao.ts";
import { MasterKeyTuple } from "./tcp_ao_key.ts";
import { parseTcpSegment } from "./tcp_header.ts";

/** What RFC 9235 gives: which section, both ISNs (sender's first), whether options are covered, packet, traffic key. */
interface Vector {
  readonly section: string;
  readonly isns: readonly [number, number];
  readonly coversOptions: boolean;
  readonly packet: string;
  readonly trafficKey: string;
}

const UPDATE_41 = "ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff 00 43 01 04";
const OPEN_TAIL = "26 02 06 01 04 00 01 00 01 02 02 80 00 02 02 02 00 02 02 42 00 02 06 41 04 00 00";

// KDF_HMAC_SHA1 and HMAC-SHA-1-96 over IPv4 and IPv6, master key "testvector" (RFC 9235 §3, §4, §6.1).
const VECTORS: readonly Vector[] = [
  {
    section: "4.1.1",
    isns: [0xfbfbab5a, 0],
    coversOptions: true,
    packet: `45 e0 00 4c dd 0f 40 00 ff 06 bf 6b 0a 0b 0c 0d ac 1b 1c 1d e9 d7 00 b3 fb fb ab 5a 00 00 00 00
      e0 02 ff ff ca c4 00 00 02 04 05 b4 01 03 03 08 04 02 08 0a 00 15 5a b7 00 00 00 00 1d 10 3d 54
      2e e4 37 c6 f8 ed e6 d7 c4 d6 02 e7`,
    trafficKey: "6d 63 ef 1b 02 fe 15 09 d4 b1 40 27 07 fd 7b 04 16 ab b7 4f",
  },
  {
    section: "4.1.2",
    isns: [0x11c14261, 0xfbfbab5a],
    coversOptions: true,
    packet: `45 e0 00 4c 65 06 40 00 ff 06 37 75 ac 1b 1c 1d 0a 0b 0c 0d 00 b3 e9 d7 11 c1 42 61 fb fb ab 5b
      e0 12 ff ff 37 76 00 00 02 04 05 b4 01 03 03 08 04 02 08 0a 84 a5 0b eb 00 15 5a b7 1d 10 54 3d
      ee ab 0f e2 4c 30 10 81 51 16 b3 be`,
    trafficKey: "d9 e2 17 e4 83 4a 80 ca 2f 3f d8 de 2e 41 b8 e6 79 7f ea 96",
  },
  {
    section: "4.1.3",
    isns: [0xfbfbab5a, 0x11c14261],
    coversOptions: true,
    packet: `45 e0 00 87 36 a1 40 00 ff 06 65 9f 0a 0b 0c 0d ac 1b 1c 1d e9 d7 00 b3 fb fb ab 5b 11 c1 42 62
      c0 18 01 04 a1 62 00 00 01 01 08 0a 00 15 5a c1 84 a5 0b eb 1d 10 3d 54 70 64 cf 99 8c c6 c3 15
      c2 c2 e2 bf ${UPDATE_41} da bf 00 b4 0a 0b 0c 0d ${OPEN_TAIL} da bf 02 08 40 06 00 64 00 01 01 00`,
    trafficKey: "d2 e5 9c 65 ff c7 b1 a3 93 47 65 64 63 b7 0e dc 24 a1 3d 71",
  },
  {
    section: "4.1.4",
    isns: [0x11c14261, 0xfbfbab5a],
    coversOptions: true,
    packet: `45 e0 00 87 1f a9 40 00 ff 06 7c 97 ac 1b 1c 1d 0a 0b 0c 0d 00 b3 e9 d7 11 c1 42 62 fb fb ab 9e
      c0 18 01 00 40 0c 00 00 01 01 08 0a 84 a5 0b f5 00 15 5a c1 1d 10 54 3d a6 3f 0e cb bb 2e 63 5c
      95 4d ea c7 ${UPDATE_41} da c0 00 b4 ac 1b 1c 1d ${OPEN_TAIL} da c0 02 08 40 06 00 64 00 01 01 00`,
    trafficKey: "d9 e2 17 e4 83 4a 80 ca 2f 3f d8 de 2e 41 b8 e6 79 7f ea 96",
  },
  {
    section: "4.2.1",
    isns: [0xcb0efbee, 0],
    coversOptions: false,
    packet: `45 e0 00 4c 53 99 40 00 ff 06 48 e2 0a 0b 0c 0d ac 1b 1c 1d ff 12 00 b3 cb 0e fb ee 00 00 00 00
      e0 02 ff ff 54 1f 00 00 02 04 05 b4 01 03 03 08 04 02 08 0a 00 02 4c ce 00 00 00 00 1d 10 3d 54
      80 af 3c fe b8 53 68 93 7b 8f 9e c2`,
    trafficKey: "30 ea a1 56 0c f0 be 57 da b5 c0 45 22 9f b1 0a 42 3c d7 ea",
  },
  {
    section: "4.2.2",
    isns: [0xacd5b5e1, 0xcb0efbee],
    coversOptions: false,
    packet: `45 e0 00 4c 32 84 40 00 ff 06 69 f7 ac 1b 1c 1d 0a 0b 0c 0d 00 b3 ff 12 ac d5 b5 e1 cb 0e fb ef
      e0 12 ff ff 38 8e 00 00 02 04 05 b4 01 03 03 08 04 02 08 0a 57 67 72 f3 00 02 4c ce 1d 10 54 3d
      09 30 6f 9a ce a6 3a 8c 68 cb 9a 70`,
    trafficKey: "b5 b2 89 6b b3 66 4e 81 76 b0 ed c6 e7 99 52 41 01 a8 30 7f",
  },
  {
    section: "4.2.3",
    isns: [0xcb0efbee, 0xacd5b5e1],
    coversOptions: false,
    packet: `45 e0 00 87 a8 f5 40 00 ff 06 f3 4a 0a 0b 0c 0d ac 1b 1c 1d ff 12 00 b3 cb 0e fb ef ac d5 b5 e2
      c0 18 01 04 6c 45 00 00 01 01 08 0a 00 02 4c ce 57 67 72 f3 1d 10 3d 54 71 06 08 cc 69 6c 03 a2
      71 c9 3a a5 ${UPDATE_41} da bf 00 b4 0a 0b 0c 0d ${OPEN_TAIL} da bf 02 08 40 06 00 64 00 01 01 00`,
    trafficKey: "f3 db 17 93 d7 91 0e cd 80 6c 34 f1 55 ea 1f 00 34 59 53 e3",
  },
  {
    section: "4.2.4",
    isns: [0xacd5b5e1, 0xcb0efbee],
    coversOptions: false,
    packet: `45 e0 00 87 54 37 40 00 ff 06 48 09 ac 1b 1c 1d 0a 0b 0c 0d 00 b3 ff 12 ac d5 b5 e2 cb 0e fc 32
      c0 18 01 00 46 b6 00 00 01 01 08 0a 57 67 72 f3 00 02 4c ce 1d 10 54 3d 97 76 6e 48 ac 26 2d e9
      ae 61 b4 f9 ${UPDATE_41} da c0 00 b4 ac 1b 1c 1d ${OPEN_TAIL} da c0 02 08 40 06 00 64 00 01 01 00`,
    trafficKey: "b5 b2 89 6b b3 66 4e 81 76 b0 ed c6 e7 99 52 41 01 a8 30 7f",
  },
  {
    section: "6.1.1",
    isns: [0x176a833f, 0],
    coversOptions: true,
    packet: `6e 08 91 dc 00 38 06 40 fd 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01 fd 00 00 00 00 00 00 00
      00 00 00 00 00 00 00 02 f7 e4 00 b3 17 6a 83 3f 00 00 00 00 e0 02 ff ff 47 21 00 00 02 04 05 a0
      01 03 03 08 04 02 08 0a 00 41 d0 87 00 00 00 00 1d 10 3d 54 90 33 ec 3d 73 34 b6 4c 5e dd 03 9f`,
    trafficKey: "62 5e c0 9d 57 58 36 ed c9 b6 42 84 18 bb f0 69 89 a3 61 bb",
  },
  {
    section: "6.1.2",
    isns: [0x3f51994b, 0x176a833f],
    coversOptions: true,
    packet: `6e 01 00 9e 00 38 06 40 fd 00 00 00 00 00 00 00 00 00 00 00 00 00 00 02 fd 00 00 00 00 00 00 00
      00 00 00 00 00 00 00 01 00 b3 f7 e4 3f 51 99 4b 17 6a 83 40 e0 12 ff ff bf ec 00 00 02 04 05 a0
      01 03 03 08 04 02 08 0a bd 33 12 9b 00 41 d0 87 1d 10 54 3d f1 cb a3 46 c3 52 61 63 f7 1f 1f 55`,
    trafficKey: "e4 a3 7a da 2a 0a fc a8 71 14 34 91 3f e1 38 c7 71 eb cb 4a",
  },
];

function addressAt(view: DataView, at: number, family: number): IpAddress {
  if (family === 4) return ipv4(view.getUint32(at));
  const word = (i: number) => view.getUint32(at + 4 * i);
  return new IpAddress(6, word(0), word(1), word(2), word(3), 0);
}

for (const { section, isns, coversOptions, packet, trafficKey } of VECTORS) {
  Deno.test(`TCP-AO: traffic key and MAC of RFC 9235 §${section}; one bit of text or MAC more, and it is none`, () => {
    const pool = new PbufPool([{ slotBytes: 512, slots: 1 }]);
    const bytes = parseHex(packet);
    const p = pool.acquire(bytes.length, 0)!;
    take(p, bytes);
    const family = bytes[0]! >> 4;
    const at = p.start + (family === 4 ? 12 : 8);
    const rx = {
      source: addressAt(p.view, at, family),
      destination: addressAt(p.view, at + (family === 4 ? 4 : 16), family),
    } as IpRxInfo;
    p.start += family === 4 ? 20 : 40;
    const seg = new Segment();
    assertEquals(parseTcpSegment(p, seg), undefined);
    const option = findOption(p.bytes, p.start - seg.dataOffset + 20, p.start, KIND_AO);
    const key = new MasterKeyTuple(61, 84, new TextEncoder().encode("testvector"), coversOptions);
    const from = [rx.source, seg.sourcePort, isns[0]] as const;
    const to = [rx.destination, seg.destinationPort, isns[1]] as const;
    assertEquals(key.trafficKey(...from, ...to), parseHex(trafficKey));
    const mac = key.derive(...from, ...to);
    assert(hasMac(mac, key, 0, seg, rx, option));
    assert(!hasMac(mac, key, 1, seg, rx, option), "another SNE");
    // The last octet of text, or of the MAC.
    p.bytes[p.end - 1]! ^= 1;
    assert(!hasMac(mac, key, 0, seg, rx, option));
    p.release();
  });
}

Deno.test("SNE: the upper half is that of a number of 64 bits, whatever the order within 2^31 (RFC 5925 §6.2)", () => {
  fc.assert(fc.property(
    fc.nat(0xffffffff),
    fc.array(fc.integer({ min: -0x3fffffff, max: 0x3fffffff }), { maxLength: 100 }),
    (isn, steps) => {
      const extension = new SequenceExtension(isn);
      const base = 1n << 40n;
      let latest = base + BigInt(isn);
      for (const step of steps) {
        const position = latest + BigInt(step);
        const upper = extension.of(Number(position & 0xffffffffn));
        assertEquals(BigInt(upper), ((position - base) >> 32n) & 0xffffffffn);
        extension.advance(Number(position & 0xffffffffn));
        if (position > latest) latest = position;
      }
    },
  ));
});
