import { assert, assertEquals, assertThrows } from "@std/assert";
import { parseHex } from "@lightwire/pbuf";
import fc from "fast-check";
import { CmuxDecoder, type CmuxFrame, encodeCmuxFrame } from "./cmux.ts";
import { encodeCmuxMessage, encodeCmuxSignals, parseCmuxMessages, parseCmuxSignals } from "./cmux_message.ts";

const EMPTY = new Uint8Array(0);

function decode(bytes: Uint8Array, cuts: readonly number[] = [], maxPayload?: number) {
  const frames: CmuxFrame[] = [];
  const decoder = new CmuxDecoder((f) => frames.push({ ...f, payload: f.payload.slice() }), maxPayload);
  let at = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    if (cut <= at || cut > bytes.length) continue;
    decoder.push(bytes.subarray(at, cut));
    at = cut;
  }
  decoder.push(bytes.subarray(at));
  return { frames, counters: decoder.counters };
}

Deno.test("golden frames, as modems and esp_modem exchange them (3GPP TS 27.010 §5.2)", () => {
  const frame = (dlci: number, type: CmuxFrame["type"], payload: Uint8Array = EMPTY): CmuxFrame => ({
    dlci,
    cr: true,
    type,
    pollFinal: type !== "UIH",
    payload,
  });
  const golden: [string, CmuxFrame][] = [
    ["f9 03 3f 01 1c f9", frame(0, "SABM")],
    ["f9 07 3f 01 de f9", frame(1, "SABM")],
    ["f9 0b 3f 01 59 f9", frame(2, "SABM")],
    ["f9 03 73 01 d7 f9", frame(0, "UA")],
    ["f9 03 53 01 fd f9", frame(0, "DISC")],
    ["f9 03 ef 05 c3 01 f2 f9", frame(0, "UIH", new Uint8Array([0xc3, 0x01]))],
  ];
  for (const [hex, wanted] of golden) {
    assertEquals(encodeCmuxFrame(wanted), parseHex(hex), hex);
    assertEquals(decode(parseHex(hex)).frames, [wanted], hex);
  }
});

Deno.test("garbage, lost bytes and wrong sums: in step again at the next flag", () => {
  const good = encodeCmuxFrame({ dlci: 1, cr: true, type: "UIH", pollFinal: false, payload: EMPTY });
  const join = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
  const bad = good.slice();
  bad[4]! ^= 1;
  const after = decode(
    join(new Uint8Array([1, 2, 3]), good, bad, good, new Uint8Array([0xf9, 0x02, 9]), good),
  );
  assertEquals([after.frames.length, after.counters.badFcs, after.counters.badHeader], [3, 1, 1]);
  const shared = decode(join(good, good.subarray(1)));
  assertEquals(shared.frames.length, 2, "one flag between two frames");
  assertEquals(decode(new Uint8Array([0xf9, 7, 0xef, 0xfe, 0x7f]), [], 100).counters.tooLong, 1);
  assertEquals(decode(join(good.subarray(0, 5), new Uint8Array([0x55]))).counters.badEnd, 1);
  assertThrows(() => encodeCmuxFrame({ ...decode(good).frames[0]!, dlci: 62 }), RangeError);
  assertThrows(
    () => encodeCmuxFrame({ ...decode(good).frames[0]!, payload: new Uint8Array(40_000) }),
    RangeError,
  );
});

Deno.test("control messages and signals (3GPP TS 27.010 §5.4.6.3)", () => {
  const msc = encodeCmuxMessage({ type: "MSC", isCommand: true, value: encodeCmuxSignals(1, true, true) });
  assertEquals(msc, parseHex("e3 05 07 8d"));
  const [message] = parseCmuxMessages(msc);
  assertEquals([message!.type, message!.isCommand], ["MSC", true]);
  assertEquals(parseCmuxSignals(message!.value), {
    dlci: 1,
    isFlowStopped: false,
    lines: { dsr: true, cts: true, ri: false, dcd: true },
  });
  assertEquals(parseCmuxSignals(new Uint8Array([7, 0x0f]))!.lines.cts, false, "flow control stops");
  assertEquals(parseCmuxSignals(new Uint8Array([7])), undefined);
  assertEquals(parseCmuxMessages(parseHex("e3 05 07")), []);
  assertThrows(
    () => encodeCmuxMessage({ type: "TEST", isCommand: true, value: new Uint8Array(128) }),
    RangeError,
  );
});

const frames = fc.record({
  dlci: fc.nat(61),
  cr: fc.boolean(),
  type: fc.constantFrom<CmuxFrame["type"]>("SABM", "UA", "DM", "DISC", "UIH", "UI"),
  pollFinal: fc.boolean(),
  payload: fc.uint8Array({ maxLength: 300 }),
});

Deno.test("property: what is encoded is decoded, in any chunking", () => {
  fc.assert(
    fc.property(fc.array(frames, { maxLength: 6 }), fc.array(fc.nat(1500)), (wanted, cuts) => {
      const bytes = Uint8Array.from(wanted.flatMap((frame) => [...encodeCmuxFrame(frame)]));
      assertEquals(decode(bytes, cuts).frames, wanted);
    }),
    { numRuns: 150 },
  );
});

Deno.test("property: random bytes never throw, in any chunking alike", () => {
  const noise = fc.array(fc.oneof(fc.constantFrom(0xf9, 0x03, 0xef, 0x3f, 0x01), fc.nat(255)), {
    maxLength: 600,
  });
  fc.assert(
    fc.property(noise, fc.array(fc.nat(600)), (bytes, cuts) => {
      const whole = decode(Uint8Array.from(bytes), [], 64);
      assertEquals(decode(Uint8Array.from(bytes), cuts, 64), whole);
      for (const frame of whole.frames) {
        assert(frame.payload.length <= 64);
        for (const message of parseCmuxMessages(frame.payload)) parseCmuxSignals(message.value);
      }
    }),
    { numRuns: 150 },
  );
});
