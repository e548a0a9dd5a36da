import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { MPPE_FLUSHED, MppeDecryptor, MppeEncryptor, mppeSessionKey } from "./mppe.ts";
import { Rc4 } from "./rc4.ts";
import { bytes, hex } from "./testdata/hex.ts";

const MESSAGE = new TextEncoder().encode("test message");
const START = bytes("8b7cdc149b993a1ba118cb153f56dccb");

function encrypted(key: Uint8Array): string {
  const out = MESSAGE.slice();
  new Rc4(key).apply(out, 0, out.length, out, 0);
  return hex(out);
}

Deno.test("MPPE: session keys of 128 and 40 bits from a start key, and a message in them (RFC 3079 §3.5)", () => {
  const long = mppeSessionKey(START);
  assertEquals(hex(long), "405cb2247a7956e6e211007ae27b22d4");
  assertEquals(encrypted(long), "81848317df68846272fb5abe");
  const short = mppeSessionKey(START.slice(0, 8));
  assertEquals(hex(short), "d1269ec49fa62e3e");
  assertEquals(encrypted(short), "929137917e5803d668d75898");
});

/** One packet from one side to the other. */
function encrypt(from: MppeEncryptor, text: Uint8Array): { header: number; data: Uint8Array } {
  const header = from.begin();
  const data = new Uint8Array(text.length);
  from.apply(text, 0, text.length, data, 0);
  return { header, data };
}

function decrypt(
  to: MppeDecryptor,
  { header, data }: { header: number; data: Uint8Array },
): Uint8Array | string {
  const verdict = to.begin(header);
  if (verdict !== "decrypt") return verdict;
  const text = new Uint8Array(data.length);
  to.settle(data, 0, data.length);
  to.apply(data, 0, data.length, text, 0);
  return text;
}

for (const isStateful of [false, true]) {
  for (const start of [START, START.slice(0, 8)]) {
    const name = `${start.length * 8 === 64 ? 40 : 128} bits, ${isStateful ? "stateful" : "stateless"}`;
    Deno.test(`MPPE: five thousand packets, once around the count: ${name} (RFC 3078 §7)`, () => {
      const from = new MppeEncryptor(start, isStateful);
      const to = new MppeDecryptor(start, isStateful);
      let flushed = 0;
      for (let i = 0; i < 5000; i++) {
        const packet = encrypt(from, MESSAGE);
        assertEquals(packet.header & 0xfff, i & 0xfff);
        if ((packet.header & MPPE_FLUSHED) !== 0) flushed++;
        assertEquals(decrypt(to, packet), MESSAGE);
      }
      assertEquals(flushed, isStateful ? 19 : 5000);
      assertEquals(to.counters, { decrypted: 5000, waiting: 0, late: 0, insane: 0 });
    });

    Deno.test(`property: whatever is lost, what is decrypted is right: ${name} (RFC 3078 §8)`, () => {
      fc.assert(
        fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { maxLength: 20 }), (gaps) => {
          const from = new MppeEncryptor(start, isStateful);
          const to = new MppeDecryptor(start, isStateful);
          for (const gap of gaps) {
            for (let i = 1; i < gap; i++) from.begin(); // lost
            let got = decrypt(to, encrypt(from, MESSAGE));
            if (got === "reset") {
              assert(isStateful);
              from.flush();
              got = decrypt(to, encrypt(from, MESSAGE));
            }
            assertEquals(got, MESSAGE);
          }
        }),
        { numRuns: 40 },
      );
    });
  }
}

Deno.test("MPPE: a peer that changes its key with its tables, as Linux does, is followed, even over lost answers", () => {
  const from = new MppeEncryptor(START, true);
  const to = new MppeDecryptor(START, true);
  const packet = Uint8Array.of(0, 0x21, 0x45, 0, 0, 1);
  for (let round = 0; round < 600; round++) {
    assertEquals(decrypt(to, encrypt(from, packet)), packet, `${round}`);
    if (round % 50 !== 7) continue;
    encrypt(from, packet); // lost
    assertEquals(decrypt(to, encrypt(from, packet)), "reset");
    for (let lost = round % 3; lost > 0; lost--) {
      from.flush(true);
      encrypt(from, packet); // with the new tables, and lost
    }
    from.flush(true);
  }
  assert(to.changesKeyOnFlush);
});

Deno.test("MPPE: a packet that comes late, or twice, is dropped and changes nothing (RFC 3078 §8.1)", () => {
  const from = new MppeEncryptor(START, false);
  const to = new MppeDecryptor(START, false);
  const packets = [0, 1, 2].map(() => encrypt(from, MESSAGE));
  assertEquals(decrypt(to, packets[1]!), MESSAGE);
  assertEquals(decrypt(to, packets[0]!), "drop");
  assertEquals(decrypt(to, packets[1]!), "drop");
  assertEquals(decrypt(to, packets[2]!), MESSAGE);
  assertEquals(to.counters.late, 2);
});

Deno.test("MPPE: packets that are not encrypted, or compressed, or without the flag, end the link in the long run", () => {
  for (const header of [0x8000, 0xb000, 0xd000, 0x1000]) {
    const to = new MppeDecryptor(START, false);
    for (let i = 0; i < 15; i++) assertEquals(to.begin(header), "drop");
    assert(!to.isHopeless);
    to.begin(header);
    assert(to.isHopeless);
    assertEquals(to.counters.insane, 16);
  }
  const stateful = new MppeDecryptor(START, true);
  assertEquals(stateful.begin(0x10ff), "drop");
});

Deno.test("property: no header costs more than half the count in keys, or throws", () => {
  const to = new MppeDecryptor(START, true);
  fc.assert(fc.property(fc.nat({ max: 0xffff }), (header) => {
    to.begin(header);
  }));
});
