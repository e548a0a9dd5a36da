import { assert, assertEquals } from "@std/assert";
import { IpAddress, type IpRxInfo, ipv4 } from "@lightwire/ip";
import { parseHex, PbufPool, take } from "@lightwire/pbuf";
import fc from "fast-check";
import { Segment } from "./segment.ts";
import { SequenceExtension } from "./sequence_extension.ts";
import { findOption, KIND_AO } from "./signed_segment.ts";
import { hasMac } from "./tcp_ao.ts";
import { MasterKeyTuple, type TcpAoAlgorithm } from "./tcp_ao_key.ts";
import { parseTcpSegment } from "./tcp_header.ts";

/** What RFC 9235 gives: which section, both ISNs (sender's first), whether options are covered, packet, traffic key. */
interface Vector {
  readonly section: string;
  readonly isns: readonly [number, number];
  readonly coversOptions: boolean;
  readonly algorithm?: TcpAoAlgorithm;
  readonly packet: string;
  readonly trafficKey: string;
}

const UPDATE_41 = "ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff 00 43 01 04";
const OPEN_TAIL = "26 02 06 01 04 00 01 00 01 02 02 80 00 02 02 02 00 02 02 42 00 02 06 41 04 00 00";

// KDF_HMAC_SHA1 and HMAC-SHA-1-96, KDF_AES_128_CMAC and AES-128-CMAC-96, over IPv4 and IPv6, master key "testvector"
// (RFC 9235 §3 to §7).
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
  {
    section: "5.1.1",
    isns: [0x787a1ddf, 0],
    coversOptions: true,
    algorithm: "aes-128-cmac-96",
    packet: `45 e0 00 4c 7b 9f 40 00 ff 06 20 dc 0a 0b 0c 0d ac 1b 1c 1d c4 fa 00 b3 78 7a 1d df 00 00 00 00
      e0 02 ff ff 5a 0f 00 00 02 04 05 b4 01 03 03 08 04 02 08 0a 00 01 7e d0 00 00 00 00 1d 10 3d 54
      e4 77 e9 9c 80 40 76 54 98 e5 50 91`,
    trafficKey: "f5 b8 b3 d5 f3 4f db b6 eb 8d 4a b9 66 0e 60 e3",
  },
  {
    section: "5.1.2",
    isns: [0xfadd6de9, 0x787a1ddf],
    coversOptions: true,
    algorithm: "aes-128-cmac-96",
    packet: `45 e0 00 4c 4b ad 40 00 ff 06 50 ce ac 1b 1c 1d 0a 0b 0c 0d 00 b3 c4 fa fa dd 6d e9 78 7a 1d e0
      e0 12 ff ff f3 f2 00 00 02 04 05 b4 01 03 03 08 04 02 08 0a 93 f4 e9 e8 00 01 7e d0 1d 10 54 3d
      d6 ad a7 bc 4c dd 53 6d 17 69 db 5f`,
    trafficKey: "4b c7 57 1a 48 6f 32 64 bb d8 88 47 40 66 b4 b1",
  },
  {
    section: "5.1.3",
    isns: [0x787a1ddf, 0xfadd6de9],
    coversOptions: true,
    algorithm: "aes-128-cmac-96",
    packet: `45 e0 00 87 fb 4f 40 00 ff 06 a0 f0 0a 0b 0c 0d ac 1b 1c 1d c4 fa 00 b3 78 7a 1d e0 fa dd 6d ea
      c0 18 01 04 95 05 00 00 01 01 08 0a 00 01 7e d0 93 f4 e9 e8 1d 10 3d 54 77 41 27 42 fa 4d c4 33
      ef f0 97 3e ${UPDATE_41} da bf 00 b4 0a 0b 0c 0d ${OPEN_TAIL} da bf 02 08 40 06 00 64 00 01 01 00`,
    trafficKey: "8c 8a e0 e8 37 1e c5 cb b9 7e a7 9d 90 41 83 91",
  },
  {
    section: "5.1.4",
    isns: [0xfadd6de9, 0x787a1ddf],
    coversOptions: true,
    algorithm: "aes-128-cmac-96",
    packet: `45 e0 00 87 b9 14 40 00 ff 06 e3 2b ac 1b 1c 1d 0a 0b 0c 0d 00 b3 c4 fa fa dd 6d ea 78 7a 1e 23
      c0 18 01 00 e7 db 00 00 01 01 08 0a 93 f4 e9 e8 00 01 7e d0 1d 10 54 3d f6 d9 65 a7 83 82 a7 48
      45 f7 2d ac ${UPDATE_41} da c0 00 b4 ac 1b 1c 1d ${OPEN_TAIL} da c0 02 08 40 06 00 64 00 01 01 00`,
    trafficKey: "4b c7 57 1a 48 6f 32 64 bb d8 88 47 40 66 b4 b1",
  },
  {
    section: "5.2.1",
    isns: [0x389bed71, 0],
    coversOptions: false,
    algorithm: "aes-128-cmac-96",
    packet: `45 e0 00 4c f2 2e 40 00 ff 06 aa 4c 0a 0b 0c 0d ac 1b 1c 1d da 1c 00 b3 38 9b ed 71 00 00 00 00
      e0 02 ff ff 70 bf 00 00 02 04 05 b4 01 03 03 08 04 02 08 0a 00 01 85 e1 00 00 00 00 1d 10 3d 54
      c4 4e 60 cb 31 f7 c0 b1 de 3d 27 49`,
    trafficKey: "2c db ae 13 92 c4 94 49 fa 92 c4 50 97 35 d5 0e",
  },
  {
    section: "5.2.2",
    isns: [0xd3844a6f, 0x389bed71],
    coversOptions: false,
    algorithm: "aes-128-cmac-96",
    packet: `45 e0 00 4c 6c c0 40 00 ff 06 2f bb ac 1b 1c 1d 0a 0b 0c 0d 00 b3 da 1c d3 84 4a 6f 38 9b ed 72
      e0 12 ff ff e4 45 00 00 02 04 05 b4 01 03 03 08 04 02 08 0a ce 45 98 38 00 01 85 e1 1d 10 54 3d
      3a 6a bb 20 7e 49 b1 be 71 36 db 90`,
    trafficKey: "3c e6 7a 55 18 69 50 6b 63 47 b6 33 c5 0a 62 4a",
  },
  {
    section: "5.2.3",
    isns: [0x389bed71, 0xd3844a6f],
    coversOptions: false,
    algorithm: "aes-128-cmac-96",
    packet: `45 e0 00 87 ee 91 40 00 ff 06 ad ae 0a 0b 0c 0d ac 1b 1c 1d da 1c 00 b3 38 9b ed 72 d3 84 4a 70
      c0 18 01 04 88 51 00 00 01 01 08 0a 00 01 85 e1 ce 45 98 38 1d 10 3d 54 75 85 e9 e9 d5 c3 ec 85
      7b 96 f8 37 ${UPDATE_41} da bf 00 b4 0a 0b 0c 0d ${OPEN_TAIL} da bf 02 08 40 06 00 64 00 01 01 00`,
    trafficKey: "03 5b c4 00 a3 41 ff e5 95 f5 9f 58 00 50 06 ca",
  },
  {
    section: "5.2.4",
    isns: [0xd3844a6f, 0x389bed71],
    coversOptions: false,
    algorithm: "aes-128-cmac-96",
    packet: `45 e0 00 87 6a 21 40 00 ff 06 32 1f ac 1b 1c 1d 0a 0b 0c 0d 00 b3 da 1c d3 84 4a 70 38 9b ed 72
      c0 18 01 00 04 49 00 00 01 01 08 0a ce 45 98 38 00 01 85 e1 1d 10 54 3d 5c 04 0f d9 23 33 04 76
      5c 09 82 f4 ${UPDATE_41} da c0 00 b4 ac 1b 1c 1d ${OPEN_TAIL} da c0 02 08 40 06 00 64 00 01 01 00`,
    trafficKey: "3c e6 7a 55 18 69 50 6b 63 47 b6 33 c5 0a 62 4a",
  },
  {
    section: "7.1.2",
    isns: [0xa6744ecb, 0x193cccec],
    coversOptions: true,
    algorithm: "aes-128-cmac-96",
    packet: `6e 06 15 20 00 38 06 40 fd 00 00 00 00 00 00 00 00 00 00 00 00 00 00 02 fd 00 00 00 00 00 00 00
      00 00 00 00 00 00 00 01 00 b3 f8 5a a6 74 4e cb 19 3c cc ed e0 12 ff ff ea bb 00 00 02 04 05 a0
      01 03 03 08 04 02 08 0a 71 da ab c8 13 e4 ab 99 1d 10 54 3d dc 28 43 a8 4e 78 a6 bc fd c5 ed 80`,
    trafficKey: "cf 1b 1e 22 5e 06 a6 36 16 76 4a 06 7b 46 f4 b1",
  },
];

function addressAt(view: DataView, at: number, family: number): IpAddress {
  if (family === 4) return ipv4(view.getUint32(at));
  const word = (i: number) => view.getUint32(at + 4 * i);
  return new IpAddress(6, word(0), word(1), word(2), word(3), 0);
}

for (const { section, isns, coversOptions, algorithm, packet, trafficKey } of VECTORS) {
  Deno.test(`TCP-AO: traffic key and MAC of RFC 9235 §${section}; one bit of text or MAC more, and it is none (RFC 5926 §3.1, §3.2)`, () => {
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
    const key = new MasterKeyTuple(61, 84, new TextEncoder().encode("testvector"), coversOptions, algorithm);
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
