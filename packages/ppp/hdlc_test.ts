import { assertEquals } from "@std/assert";
import { parseHex } from "@lightwire/pbuf";
import fc from "fast-check";
import { DEFAULT_ACCM, HdlcEncoder } from "./hdlc.ts";
import { HdlcDecoder, hdlcLengthClass } from "./hdlc_decoder.ts";

// An LCP Configure-Request with ACCM, magic number, PFC and ACFC, laid out by hand from RFC 1661 §6.
const BODY = parseHex("ff03 c021 01 01 0014 020600000000 05065d06a1b2 0702 0802");

function collect(maxFrameBytes?: number): { decoder: HdlcDecoder; frames: number[][] } {
  const frames: number[][] = [];
  const sink = {
    hdlcInput: (b: Uint8Array, s: number, e: number) => void frames.push([...b.subarray(s, e)]),
  };
  return { decoder: new HdlcDecoder(sink, maxFrameBytes), frames };
}

function encode(body: Uint8Array, accm = DEFAULT_ACCM, hasFlag = true): Uint8Array {
  const into = new Uint8Array(HdlcEncoder.maxEncodedLength(body.length));
  return into.subarray(0, new HdlcEncoder(accm).encode(body, 0, body.length, into, 0, hasFlag));
}

Deno.test("encoder: escapes flag, escape and the control characters of the ACCM, nothing else (RFC 1662 §4.2)", () => {
  const body = Uint8Array.of(0x7e, 0x7d, 0x11, 0x13, 0x00, 0x20, 0x7f, 0xff);
  const wire = encode(body, (1 << 0x11) | (1 << 0x13));
  assertEquals([...wire.subarray(0, 13)], [...parseHex("7e 7d5e 7d5d 7d31 7d33 00 20 7f ff")]);
  assertEquals([...encode(parseHex("0001"), 0).subarray(1, 3)], [0x00, 0x01]);
});

Deno.test("encoder: a frame directly behind another shares its flag (RFC 1662 §4.1)", () => {
  const { decoder, frames } = collect();
  decoder.input(Uint8Array.of(...encode(BODY), ...encode(BODY, 0, false)));
  assertEquals(frames, [[...BODY], [...BODY]]);
});

Deno.test("decoder: garbage before the first flag is dropped and the first frame is whole (RFC 1662 §4.1)", () => {
  const { decoder, frames } = collect();
  decoder.input(Uint8Array.of(...new TextEncoder().encode("CONNECT 115200\r\n"), ...encode(BODY)));
  assertEquals(frames, [[...BODY]]);
  assertEquals(decoder.counters.garbage, 16);
});

Deno.test("decoder: a damaged frame is counted and the next one is good (RFC 1662 §3.1)", () => {
  const { decoder, frames } = collect();
  const bad = encode(BODY).slice();
  bad[4]! ^= 0x01;
  decoder.input(bad);
  decoder.input(encode(BODY, 0, false));
  assertEquals(frames, [[...BODY]]);
  assertEquals(decoder.counters.badFcs, 1);
});

Deno.test("decoder: an abort drops the frame without a word about its FCS (RFC 1662 §4.3)", () => {
  const { decoder, frames } = collect();
  decoder.input(parseHex("7e ff 03 c0 21 01 7d 7e"));
  decoder.input(encode(BODY, 0, false));
  assertEquals(frames, [[...BODY]]);
  assertEquals(decoder.counters.aborted, 1);
  assertEquals(decoder.counters.badFcs, 0);
});

Deno.test("decoder: flags that fill the time are silent, frames below four octets count (RFC 1662 §3.1)", () => {
  const { decoder, frames } = collect();
  decoder.input(parseHex("7e 7e 7e 41 42 43 7e 7e"));
  assertEquals(frames, []);
  assertEquals(decoder.counters.tooShort, 1);
});

Deno.test("decoder: a frame beyond the limit counts once, however it is cut, and the next is good (RFC 1661 §6.1)", () => {
  const long = encode(new Uint8Array(100).fill(0x41), 0);
  for (const step of [1, 7, 1000]) {
    const { decoder, frames } = collect(32);
    const wire = Uint8Array.of(...long, ...encode(BODY, 0, false));
    for (let i = 0; i < wire.length; i += step) decoder.input(wire, i, Math.min(wire.length, i + step));
    assertEquals(frames, [[...BODY]]);
    assertEquals(decoder.counters.tooLong, 1);
    assertEquals(decoder.counters.badFcs, 0);
  }
});

Deno.test("decoder: a frame of just the limit passes, also when all of it is escaped (RFC 1661 §6.1)", () => {
  for (const fill of [0x41, 0x7e]) {
    const { decoder, frames } = collect(32);
    decoder.input(encode(new Uint8Array(32).fill(fill)));
    assertEquals(frames.length, 1);
  }
});

Deno.test("decoder: control characters of the receive ACCM that the line put in are dropped (RFC 1662 §7.1)", () => {
  const { decoder, frames } = collect();
  decoder.setReceiveAccm(DEFAULT_ACCM);
  const wire = [...encode(BODY)];
  wire.splice(5, 0, 0x11);
  wire.splice(9, 0, 0x13);
  decoder.input(Uint8Array.from(wire));
  assertEquals(frames, [[...BODY]]);
  assertEquals(decoder.counters.strayControls, 2);
});

Deno.test("decoder: flow control characters between frames leave no trace (RFC 1662 §7.1)", () => {
  const { decoder, frames } = collect();
  decoder.input(Uint8Array.of(...encode(BODY), 0x13, 0x11, 0x7e, 0x13, ...encode(BODY, DEFAULT_ACCM, false)));
  assertEquals(frames, [[...BODY], [...BODY]]);
  assertEquals([decoder.counters.strayControls, decoder.counters.tooShort, decoder.counters.badFcs], [
    3,
    0,
    0,
  ]);
});

Deno.test("decoder: a peer that escapes less than agreed on is understood all the same (RFC 1662 §7.1)", () => {
  const { decoder, frames } = collect();
  const body = Uint8Array.of(...BODY, ...Array.from({ length: 64 }, (_, i) => i & 31));
  decoder.input(encode(body, 0));
  assertEquals(frames.length, 0); // more of them than can be told from strays
  const lax = encode(BODY, 0, false);
  decoder.input(lax);
  assertEquals(frames, [[...BODY]]);
  decoder.setReceiveAccm(0);
  decoder.input(encode(body, 0, false));
  assertEquals(frames, [[...BODY], [...body]]);
  assertEquals(decoder.counters.unescapedControls, lax.filter((octet) => octet < 0x20).length);
});

Deno.test("decoder: damaged frames are counted by their length, good ones too (RFC 1662 §3.1)", () => {
  const { decoder } = collect();
  for (const length of [20, 100, 1500]) {
    const wire = encode(new Uint8Array(length).fill(0x55)).slice();
    decoder.input(wire);
    wire[4]! ^= 0x02;
    decoder.input(wire);
  }
  const { framesByLength, badFcsByLength } = decoder.counters;
  assertEquals(framesByLength, [1, 0, 1, 0, 0, 0, 1, 0]);
  assertEquals(badFcsByLength, framesByLength);
  assertEquals([31, 32, 127, 128, 2047, 2048, 65535].map(hdlcLengthClass), [0, 1, 2, 3, 6, 7, 7]);
});

Deno.test("decoder: the sink hears of each frame that is dropped, in the order of the line (RFC 1662 §3.1)", () => {
  const log: string[] = [];
  const decoder = new HdlcDecoder({
    hdlcInput: (_bytes, start, end) => void log.push(`frame of ${end - start}`),
    hdlcDamaged: () => void log.push("damaged"),
  }, 40);
  const bad = encode(BODY).slice();
  bad[5]! ^= 0x40;
  decoder.input(bad);
  decoder.input(encode(BODY, 0, false));
  decoder.input(parseHex("4142437e 414243447d7e"));
  decoder.input(encode(new Uint8Array(41).fill(0x41), 0, false));
  decoder.input(encode(BODY, 0, false));
  assertEquals(log, ["damaged", "frame of 24", "damaged", "damaged", "damaged", "frame of 24"]);
});

Deno.test("any frames, any ACCM, any cuts: decoding gives what was encoded (RFC 1662 §4)", () => {
  const frame = fc.uint8Array({ minLength: 2, maxLength: 80 });
  const special = fc.array(fc.constantFrom(0x7e, 0x7d, 0x00, 0x1f, 0x20, 0x5e, 0x5d), {
    minLength: 2,
    maxLength: 40,
  })
    .map((octets) => Uint8Array.from(octets));
  fc.assert(fc.property(
    fc.array(fc.oneof(frame, special), { maxLength: 6 }),
    fc.integer({ min: 0, max: 0xffff_ffff }),
    fc.array(fc.nat({ max: 40 })),
    fc.boolean(),
    (bodies, accm, cuts, isStrict) => {
      const wire = bodies.flatMap((body, i) => [...encode(body, accm, i % 2 === 0)]);
      const bytes = Uint8Array.from(wire);
      const { decoder, frames } = collect();
      if (isStrict) decoder.setReceiveAccm(accm);
      let at = 0;
      for (const cut of cuts) {
        const end = Math.min(bytes.length, at + cut);
        decoder.input(bytes, at, end);
        at = end;
      }
      decoder.input(bytes, at);
      assertEquals(frames, bodies.map((body) => [...body]));
    },
  ));
});

Deno.test("any octets at all: no exception, and two flags later a frame passes (RFC 1662 §4.3)", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
    const { decoder, frames } = collect(64);
    decoder.input(noise);
    const before = frames.length;
    decoder.input(Uint8Array.of(0x7e, 0x7e, ...encode(BODY)));
    assertEquals(frames.at(-1), [...BODY]);
    return frames.length > before;
  }));
});
