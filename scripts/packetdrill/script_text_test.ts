import { assertEquals, assertThrows } from "@std/assert";
import { parseArguments } from "./call_text.ts";
import { runAsserts } from "./expression.ts";
import { parsePacketText } from "./packet_text.ts";
import { parseScript } from "./script_text.ts";

Deno.test("parseScript() reads times: absolute, relative, any, ranges, and ends", () => {
  const { events, options } = parseScript(`
--tolerance_usecs=500 // ours
1.5 < S 0:0(0)
+.25 > S. 0:0(0) ack 1   /* comment
 over two lines */
* > . 1:1(0) ack 1
0.1~.2 > . 1:1(0)
+0.1~+0.2 > . 1:1(0)
0.1...0.3 read(4, ..., 10) = 10
# nothing
\`a shell line
of two\`
`);
  assertEquals([...options], [["tolerance_usecs", "500"]]);
  assertEquals(
    events.map(({ time: t, line }) => [line, t.isRelative, t.isAny, t.fromUs, t.toUs, t.endUs]),
    [
      [3, false, false, 1_500_000, 1_500_000, undefined],
      [4, true, false, 250_000, 250_000, undefined],
      [6, true, true, 0, 0, undefined],
      [7, false, false, 100_000, 200_000, undefined],
      [8, true, false, 100_000, 200_000, undefined],
      [9, false, false, 100_000, 100_000, 300_000],
      [11, true, false, 0, 0, undefined],
    ],
  );
  assertEquals(events.map((e) => e.kind), ["in", "out", "out", "out", "out", "call", "shell"]);
});

Deno.test("parseArguments() reads names, numbers, lists, records and what stands for anything", () => {
  assertEquals(parseArguments('3, A|B, "x, y", [1], {fd=4, msg_name(...)=..., 7}, htons(80), 0x10'), [
    { kind: "number", value: 3 },
    { kind: "names", names: ["A", "B"] },
    { kind: "text", value: "x, y" },
    { kind: "list", items: [{ kind: "number", value: 1 }] },
    {
      kind: "record",
      fields: new Map([["fd", { kind: "number" as const, value: 4 }], ["msg_name", {
        kind: "any" as const,
      }]]),
      items: [{ kind: "number", value: 7 }],
    },
    { kind: "number", value: 80 },
    { kind: "number", value: 16 },
  ]);
  assertThrows(() => parseArguments("{a=1"), SyntaxError);
  assertThrows(() => parseArguments("1 2"), SyntaxError);
});

Deno.test("runAsserts() knows precedence, chains and logic", () => {
  const lookUp = (name: string) => name === "x" ? 10 : undefined;
  for (
    const truth of [
      "x == 10",
      "1 < x <= 10 and not x > 10",
      "x + 2 * 3 == 16 or x == 0",
      "(x - 4) // 4 == 1",
      "x & 2 == 2",
      'x != 9, "a message"',
    ]
  ) {
    assertEquals(runAsserts(`assert ${truth}`, lookUp), undefined, truth);
  }
  assertEquals(runAsserts("print(x)\nassert x == 10; assert 5 < x < 9", lookUp), "assert 5 < x < 9: x is 10");
  assertEquals(runAsserts(" assert x == 10, x; \\\n assert 5 < x < 11, x;\\\n", lookUp), undefined);
  assertThrows(() => runAsserts("assert x ==", lookUp), SyntaxError);
  assertThrows(() => runAsserts("frobnicate x", lookUp), SyntaxError);
  const variables = new Map<string, number>();
  assertEquals(runAsserts("y = x + 2\ny += 1", lookUp, variables), undefined);
  assertEquals(runAsserts("assert y == 14, y", lookUp, variables), "assert y == 14, y: y is 13");
});

Deno.test("parsePacketText() reads what IP carries, and ICMP errors with what they quote", () => {
  const packet = parsePacketText("[ect0, ttl 3] P. 1:101(100) ack 1 win 7");
  assertEquals(packet.kind === "tcp" && [packet.ip.ecn, packet.ip.ttl, packet.segment.length], [[2], 3, 100]);
  assertEquals(parsePacketText("icmp unreachable frag_needed mtu 1200 [1:1461(1460)]"), {
    kind: "icmp",
    type: 3,
    code: 4,
    mtu: 1200,
    seq: 1,
    length: 1460,
  });
  const bare = parsePacketText("- 1:1001(1000) win 7 <md5 0102,nop>");
  assertEquals(bare.kind === "tcp" && [bare.segment.ctl, bare.segment.options], [0, [
    { kind: "raw", bytes: [19, 18, 1, 2] },
    { kind: "nop" },
  ]]);
  assertThrows(() => parsePacketText("icmp unreachable nobody_knows"), SyntaxError);
  assertThrows(() => parsePacketText("udp (100)"), SyntaxError);
});
