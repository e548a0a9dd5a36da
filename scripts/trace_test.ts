import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { pathExists } from "./lib/workspace.ts";
import { readStack, Trace } from "./trace.ts";

Deno.test("readStack() keeps the functions of packages, the caller first, each file once", () => {
  const stack = `Error
    at Trace.#sayHere (file:///r/scripts/trace.ts:88:40)
    at SimDriver.transmit (file:///r/packages/netif/sim/sim_link.ts:120:5)
    at Netif.#outputFrame (file:///r/packages/netif/netif.ts:440:5)
    at Netif.output (file:///r/packages/netif/netif.ts:284:5)
    at transmitSyn (file:///r/packages/tcp/transmit.ts:130:3)
    at file:///r/packages/tcp/output.ts:20:3`;
  assertEquals(readStack(stack), [
    { file: "tcp/output.ts", name: "" },
    { file: "tcp/transmit.ts", name: "transmitSyn" },
    { file: "netif/netif.ts", name: "output" },
  ]);
});

Deno.test("the trace goes from ARP to CLOSED, names files that exist, and leaves no buffer behind", () => {
  const lines: string[] = [];
  const trace = new Trace((line) => lines.push(line));
  trace.run();
  const text = lines.join("\n");
  for (
    const part of [
      "ARP who has 10.0.0.2",
      "[SYN]",
      "SEGMENT ARRIVES in LISTEN: [S]",
      "tcp/arrives_listen.ts arrivesListen",
      "SYN-SENT -> ESTABLISHED",
      "the application reads, and sends it back",
      "LAST-ACK -> CLOSED",
      "TIME-WAIT -> CLOSED",
    ]
  ) assertStringIncludes(text, part);
  const files = new Set(text.match(/\b[a-z]+\/[\w/]+\.ts\b/g));
  assert(files.size >= 15, `${files.size} files`);
  for (const file of files) assert(pathExists(`packages/${file}`), file);
  assertEquals(trace.sim.pool.inUse, 0);
});
