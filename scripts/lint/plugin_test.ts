import { assertEquals, assertMatch } from "@std/assert";
import plugin from "./plugin.ts";
import { findWrongCitations } from "./rfc_citation.ts";

/** Runs the plugin and keeps the messages of one rule. */
function lint(fileName: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, fileName, source).map((d) =>
    `${d.id.replace("lightwire/", "")}: ${d.message}`
  );
}

function idsOf(fileName: string, source: string): string[] {
  return lint(fileName, source).map((line) => line.slice(0, line.indexOf(":")));
}

Deno.test("no-ambient: each global of the host is refused in a package", () => {
  const uses = [
    "const t = Date.now();",
    "const t = new Date();",
    "const t = performance.now();",
    "const r = Math.random();",
    "setTimeout(run, 1);",
    "setInterval(run, 1);",
    "queueMicrotask(run);",
    "setImmediate(run);",
    "console.log(1);",
    "process.exit(1);",
    "const b = Buffer.alloc(1);",
    "crypto.getRandomValues(bytes);",
    "const r = await_(fetch('http://a/'));",
    "Deno.exit(1);",
    "globalThis.setTimeout(run, 1);",
    "import { readFileSync } from 'node:fs';",
    "export function f(c: Deno.Conn): void { c; }",
  ];
  for (const use of uses) assertEquals(idsOf("packages/sockets/x.ts", use), ["no-ambient"], use);
});

Deno.test("no-ambient: promises, streams and async functions are refused below sockets only", () => {
  const uses = [
    "const p = Promise.resolve(1);",
    "export function f(): Promise<void> { return g(); }",
    "async function f() {}",
    "const f = async () => {};",
    "class A { async m() {} }",
    "const r = new ReadableStream();",
  ];
  for (const use of uses) {
    assertEquals(idsOf("packages/tcp/x.ts", use), ["no-ambient"], use);
    assertEquals(idsOf("packages/sockets/x.ts", use), [], use);
  }
});

Deno.test("no-ambient: names of members, own declarations and free files are let through", () => {
  const fine = [
    "const y = x.Date;",
    "const y = { Date: 1, console: 2 };",
    "interface A { readonly Buffer: number; process(): void }",
    "class A { process(): void {} fetch = 1; }",
    "function f(performance: number): number { return performance; }",
    "function f({ process }: A): number { return process; }",
    "import { fetch } from './fetch.ts'; fetch();",
    "x.setTimeout(1);",
    "const r = Math.max(1, 2);",
  ];
  for (const source of fine) assertEquals(lint("packages/tcp/x.ts", source), [], source);
  const use = "setTimeout(run, 1); console.log(Date.now()); async function f() {}";
  for (
    const file of [
      "packages/tcp/x_test.ts",
      "packages/tcp/x_bench.ts",
      "packages/tcp/scenarios/close.ts",
      "packages/sockets/pump.ts",
      "packages/sockets/host_environment.ts",
      "apps/ethernet/main.ts",
      "scripts/ok.ts",
    ]
  ) assertEquals(lint(file, use), [], file);
  assertEquals(idsOf("packages/netif/pump.ts", "setTimeout(run, 1);"), ["no-ambient"]);
});

Deno.test("no-seq-compare: order of sequence numbers is refused outside seq.ts", () => {
  const uses = [
    "if (sndUna < sndNxt) f();",
    "if (tcb.sndUna <= seg.ack) f();",
    "if (seg.seq > this.rcvNxt) f();",
    "if (this.#highRxt >= x) f();",
    "if (x < segment.ack) f();",
    "const n = seg.seq + seg.len;",
    "const n = tcb.sndNxt - tcb.sndUna;",
    "if (tcb.sndNxt! < x) f();",
    "const lost = blockSeq < x;",
  ];
  for (const use of uses) assertEquals(idsOf("packages/tcp/x.ts", use), ["no-seq-compare"], use);
  for (const use of uses) {
    assertEquals(lint("packages/tcp/seq.ts", use), [], use);
    assertEquals(lint("packages/tcp/x_test.ts", use), [], use);
    assertEquals(lint("packages/ip/x.ts", use), [], use);
  }
});

Deno.test("no-seq-compare: wrapped arithmetic, sentinels, equality and other numbers are let through", () => {
  const fine = [
    "const n = (tcb.sndNxt - tcb.sndUna) >>> 0;",
    "const n = (seg.seq + seg.len) | 0;",
    "if (this.highRxt < 0) f();",
    "if (seq === rcvNxt) f();",
    "if (cwnd < ssthresh) f();",
    "if (sack < ack) f();",
    "if (seg.len > rcvWnd) f();",
    "if (seqLt(sndUna, seg.ack)) f();",
    "const n = sndWnd - flight;",
    "if (seqLt(seg.seq + n, x)) f();",
    "const n = (seg.seq + seg.len - 1) >>> 0;",
  ];
  for (const source of fine) assertEquals(lint("packages/tcp/x.ts", source), [], source);
});

Deno.test("rfc-citation: other forms than RFC 9293 §3.10.7.4 are named with what is wanted", () => {
  const wrong: [string, string][] = [
    ["see RFC9293 for it", "RFC 9293"],
    ["see RFC-9293", "RFC 9293"],
    ["see rfc 793", "RFC 793"],
    ["as RFC 9293 section 3.10.7.4 says", "RFC 9293 §3.10.7.4"],
    ["as RFC 9293, Section 3.4. Then", "RFC 9293 §3.4"],
    ["as RFC 9293, §3.4", "RFC 9293 §3.4"],
    ["as RFC 9293 § 3.4", "RFC 9293 §3.4"],
    ["as RFC 9293§3.4", "RFC 9293 §3.4"],
    ["as RFC 7323 sec. 5", "RFC 7323 §5"],
  ];
  for (const [text, wanted] of wrong) {
    assertEquals(findWrongCitations(text).map((w) => w.wanted), [wanted], text);
  }
});

Deno.test("rfc-citation: right forms and addresses are let through", () => {
  const right = [
    "RFC 9293 §3.10.7.4",
    "RFC 793",
    "(RFC 5961 §3.2, RFC 9293 §3.4)",
    "RFCs 5961 and 6528",
    "RFC 7323 appendix G",
    "https://www.rfc-editor.org/rfc/rfc9293",
    "docs/rfc/rfc793.txt",
    "the RFC's own words",
  ];
  for (const text of right) assertEquals(findWrongCitations(text), [], text);
});

Deno.test("rfc-citation: the rule points at the citation inside the comment", () => {
  const source = "/** As RFC9293 says. */\nexport const A = 1; // RFC 1122 section 4\n";
  const found = Deno.lint.runPlugin(plugin, "packages/ip/x.ts", source);
  assertEquals(found.map((d) => source.slice(...d.range)), ["RFC9293", "RFC 1122 section 4"]);
  assertMatch(found[0]!.hint!, /Write "RFC 9293"/);
  assertEquals(lint("scripts/x.ts", "const text = 'RFC9293';"), []);
});

Deno.test("data-plane: what costs per packet is refused in files that say so", () => {
  const header = "/** Data plane. Sums bytes.\n *\n * @module\n */\n";
  const uses = [
    "function f() { try { g(); } catch { h(); } }",
    "function f(a) { g(...a); }",
    "function f(a) { return a.map(g); }",
    "function f(a) { return () => a; }",
    "class A { m() { this.x.forEach(g); } }",
  ];
  for (const use of uses) {
    assertEquals(idsOf("packages/pbuf/x.ts", header + use), ["data-plane"], use);
    assertEquals(lint("packages/pbuf/x.ts", use), [], use);
    assertEquals(lint("packages/pbuf/x_test.ts", header + use), [], use);
    assertEquals(lint("apps/ethernet/linux/x.ts", header + use), [], use);
  }
  const fine = [
    "class A { constructor(b) { this.v = new DataView(b); this.f = () => b; } }",
    "const TABLE = [1, 2].map((x) => x * 2);",
    "class A { arrives(p) { return p; } get x() { return 1; } }",
    "function f() { return new Uint8Array(4); }",
  ];
  for (const source of fine) assertEquals(lint("packages/pbuf/x.ts", header + source), [], source);
});

Deno.test("function-length: more than 70 lines need a reason", () => {
  const body = "\n  step();".repeat(69);
  const long = `function longest() {${body}\n}\n`;
  assertEquals(lint("packages/ip/x.ts", long), ["function-length: longest() has 71 lines"]);
  assertEquals(lint("packages/ip/x.ts", `class A { method() {${body}\n} }\n`), [
    "function-length: method() has 71 lines",
  ]);
  assertEquals(lint("packages/ip/x.ts", long.replace("  step();\n", "")), []);
  assertEquals(lint("packages/ip/x_test.ts", long), []);
  assertEquals(lint("packages/ip/x.ts", `// tidy: allow function-length one table\n${long}`), []);
  assertEquals(idsOf("packages/ip/x.ts", `// tidy: allow function-length\n${long}`), ["function-length"]);
});
