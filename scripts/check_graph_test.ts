import { assertEquals, assertStringIncludes } from "@std/assert";
import { ALLOWED_EDGES, checkGraph } from "./check_graph.ts";
import type { Member } from "./lib/workspace.ts";

function member(dir: string, changes: Partial<Member> = {}): Member {
  return {
    name: dir.startsWith("apps/") ? `@lightwire/app-${dir.slice(5)}` : `@lightwire/${dir.slice(9)}`,
    dir,
    version: "0.1.0",
    license: "BSD-3-Clause",
    description: "A package.",
    exports: { ".": "./mod.ts" },
    isPublished: !dir.startsWith("apps/"),
    publishExclude: ["**/*_test.ts", "**/*_bench.ts"],
    ...changes,
  };
}

const MEMBERS = [
  member("packages/pbuf"),
  member("packages/netif", { exports: { ".": "./mod.ts", "./sim": "./sim/mod.ts" } }),
  member("packages/ip"),
  member("packages/tcp"),
  member("packages/dns"),
  member("packages/sockets"),
  member("apps/ethernet"),
];

function check(path: string, text: string): string[] {
  const input = { members: MEMBERS, files: [{ path, text }], importNames: ["@std/assert", "fast-check"] };
  return checkGraph(input, () => true).map((p) => `${p.where}: ${p.message}`);
}

Deno.test("check_graph: downward edges, relative paths and the import map are let through", () => {
  const fine: [string, string][] = [
    ["packages/tcp/x.ts", `import { a } from "@lightwire/ip";`],
    ["packages/tcp/x.ts", `import { a } from "./seq.ts";`],
    ["packages/netif/sim/x.ts", `import { a } from "../timers.ts";`],
    ["packages/tcp/x_test.ts", `import { a } from "@lightwire/sockets";`],
    ["packages/tcp/x_test.ts", `import fc from "fast-check";`],
    ["packages/tcp/x_test.ts", `import { a } from "node:assert/strict";`],
    ["packages/sockets/x.ts", `import { a } from "@lightwire/netif/sim";`],
    ["packages/ip/x.ts", `import { a } from "@std/assert";`],
    ["apps/ethernet/main.ts", `import { a } from "@lightwire/tcp";`],
    ["scripts/x.ts", `import { a } from "@lightwire/tcp";`],
    ["scripts/x.ts", `import { a } from "npm:esbuild@0.25.0";`],
    ["scripts/x.ts", `const main = new URL("../apps/ethernet/main.ts", import.meta.url);`],
    ["packages/ip/x.ts", `/**\n * import { a } from "@lightwire/ip";\n */`],
  ];
  for (const [path, text] of fine) assertEquals(check(path, text), [], `${path} ${text}`);
});

Deno.test("check_graph: each forbidden import is named with its line", () => {
  const wrong: [string, string, string][] = [
    ["packages/netif/x.ts", `import { a } from "@lightwire/ip";`, "netif may import pbuf"],
    ["packages/pbuf/x.ts", `import type { A } from "@lightwire/netif";`, "pbuf may import no package"],
    ["packages/tcp/x.ts", `import { a } from "@lightwire/dns";`, "tcp may import pbuf, netif, ip"],
    [
      "packages/tcp/x.ts",
      `import { a } from "../ip/mod.ts";`,
      "out of its package; import @lightwire/ip by name",
    ],
    ["packages/tcp/x_test.ts", `import { a } from "../ip/mod.ts";`, "out of its package"],
    ["packages/tcp/x.ts", `import { a } from "@lightwire/tcp";`, "its own package"],
    ["packages/tcp/x.ts", `import { a } from "@lightwire/netif/timers";`, "does not export"],
    ["packages/tcp/x.ts", `import { a } from "@lightwire/nothing";`, "no member"],
    ["packages/sockets/x.ts", `import { a } from "@lightwire/app-ethernet";`, "not published"],
    ["packages/sockets/x.ts", `import { a } from "npm:undici@7.0.0";`, "nothing but @std"],
    ["packages/sockets/x.ts", `import fc from "fast-check";`, "nothing but @std"],
    ["packages/sockets/x.ts", `import { a } from "node:net";`, "without Node"],
    ["scripts/x.ts", `import { a } from "npm:esbuild";`, "without a version"],
    ["scripts/x.ts", `import { a } from "jsr:@std/path";`, "without a version"],
    ["scripts/x.ts", `import { a } from "left-pad";`, "does not map"],
    ["scripts/x.ts", `import { a } from "../packages/ip/mod.ts";`, "import @lightwire/ip by name"],
    ["scripts/x.ts", `import { a } from "https://example.com/a.ts";`, "no code from the web"],
  ];
  for (const [path, text, part] of wrong) {
    const found = check(path, `\n${text}`);
    assertEquals(found.length, 1, `${path} ${text}`);
    assertStringIncludes(found[0]!, `${path}:2: `);
    assertStringIncludes(found[0]!, part);
  }
});

Deno.test("check_graph: a member's deno.json is checked", () => {
  const bad = [
    member("packages/pbuf"),
    member("packages/ip", {
      version: "0.2.0",
      license: undefined,
      description: "x".repeat(251),
      publishExclude: [],
    }),
    member("packages/tcp", { isPublished: false }),
    member("packages/udp", { description: undefined, exports: { ".": "./missing.ts" } }),
  ];
  const found = checkGraph(
    { members: bad, files: [], importNames: [] },
    (path) => !path.endsWith("missing.ts"),
  );
  assertEquals(found.map((p) => `${p.where}: ${p.message}`), [
    "packages/ip/deno.json: has another version than the rest",
    "packages/ip/deno.json: has no license",
    "packages/ip/deno.json: has a description of more than 250 characters",
    "packages/ip/deno.json: publishes its tests: **/*_test.ts is missing in publish.exclude",
    "packages/ip/deno.json: publishes its tests: **/*_bench.ts is missing in publish.exclude",
    "packages/tcp/deno.json: is in packages/ and not published",
    `packages/udp/deno.json: export "." names ./missing.ts, which does not exist`,
    "packages/udp/deno.json: has no description",
  ]);
});

Deno.test("check_graph: the table of edges has no cycle", () => {
  const depth = (name: string, above: string[]): number => {
    if (above.includes(name)) throw new Error(`cycle: ${[...above, name].join(" -> ")}`);
    return 1 + Math.max(0, ...ALLOWED_EDGES[name]!.map((next) => depth(next, [...above, name])));
  };
  assertEquals(Math.max(...Object.keys(ALLOWED_EDGES).map((name) => depth(name, []))), 6);
});
