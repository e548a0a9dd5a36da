import { assertEquals, assertThrows } from "@std/assert";
import { ACK, SYN } from "../control_bits.ts";
import { encodeOptions, parseSegmentText } from "./segment_text.ts";

Deno.test("parseSegmentText() reads what a segment says, and leaves open what it does not", () => {
  const { options, ...rest } = parseSegmentText(
    "S. 0:5(5) ack 1 win 65535 urg 3 <mss 1460,sackOK,TS val 7 ecr any>",
  );
  assertEquals(rest, { ctl: SYN | ACK, seq: 0, length: 5, ack: 1, win: 65535, urg: 3 });
  assertEquals(options, [
    { kind: "mss", value: 1460 },
    { kind: "sackOK" },
    { kind: "TS", val: 7, ecr: undefined },
  ]);
  const bare = parseSegmentText("0");
  assertEquals([bare.ctl, bare.seq, bare.ack, bare.win, bare.options], [
    0,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

Deno.test("parseSegmentText() says what it cannot read", () => {
  for (
    const [text, reason] of [
      ["X 0:0(0)", "FLAGS SEQ:END(LENGTH)"],
      [". 1:1(0) ack", "FLAGS SEQ:END(LENGTH)"],
      [". 1:2(0)", "1 + 0 is not 2"],
      [". 1:1(0) <mss>", "nothing is no number"],
      [". 1:1(0) <wscale x>", "x is no number"],
      [". 1:1(0) <TS val 1>", "nothing is no number"],
      [". 1:1(0) <sack 1>", "nothing is no number"],
      [". 1:1(0) <foo 1>", "foo is none that is known"],
    ] as const
  ) assertThrows(() => parseSegmentText(text), SyntaxError, reason);
});

Deno.test("encodeOptions() writes what parseSegmentText() has read, padded to whole words", () => {
  const { options } = parseSegmentText(". 1:1(0) <sack 1:2,nop>");
  assertEquals(encodeOptions(options!, (ecr) => ecr, (edge) => edge + 10), [
    5,
    10,
    0,
    0,
    0,
    11,
    0,
    0,
    0,
    12,
    1,
    0,
  ]);
  assertThrows(() => encodeOptions([{ kind: "..." }], (n) => n, (n) => n), SyntaxError, "wildcard");
});
