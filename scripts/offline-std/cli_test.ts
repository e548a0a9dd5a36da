import { assertEquals } from "@std/assert";
import { parseArgs, unicodeWidth } from "@std/cli";
import { parseArgs as byEntry } from "@std/cli/parse-args";
import type { AssertTrue, IsExact } from "@std/testing/types";

Deno.test("parseArgs() guesses the kinds of unnamed options", () => {
  assertEquals(byEntry(["--a", "--b=x", "--n", "7", "./file", "9", "-v"]), {
    _: ["./file", 9],
    a: true,
    b: "x",
    n: 7,
    v: true,
  });
});

Deno.test("parseArgs() leaves values of string options alone", () => {
  const args = parseArgs(["--pin", "0042", "--name"], { string: ["pin", "name"] });
  assertEquals(args.pin, "0042");
  assertEquals(args.name, "");
});

Deno.test("parseArgs() sets absent booleans to false and does not eat what follows", () => {
  const args = parseArgs(["--json", "status"], { boolean: ["json", "quiet"] });
  assertEquals(args, { _: ["status"], json: true, quiet: false });
  assertEquals(parseArgs(["--json=false"], { boolean: ["json"] }).json, false);
  assertEquals(parseArgs(["--json", "false"], { boolean: ["json"] }).json, false);
  assertEquals(parseArgs(["--any", "x"], { boolean: true }), { _: ["x"], any: true });
});

Deno.test("parseArgs() collects repeated options and defaults to an empty list", () => {
  const options = { string: ["route"], collect: ["route"] } as const;
  assertEquals(parseArgs(["--route", "a", "--route=b"], options).route, ["a", "b"]);
  assertEquals(parseArgs([], options).route, []);
  assertEquals(parseArgs(["--x", "1", "--x", "2"]).x, 2);
});

Deno.test("parseArgs() applies aliases in both directions", () => {
  const args = parseArgs(["-c", "4", "--verbose"], {
    boolean: ["v"],
    string: ["count"],
    alias: { c: "count", v: ["verbose", "loud"] },
  });
  assertEquals(args.count, "4");
  assertEquals(args.c, "4");
  assertEquals(args.v, true);
  assertEquals(args.loud, true);
});

Deno.test("parseArgs() fills in defaults for absent options only", () => {
  const args = parseArgs(["--a", "1"], { string: ["a", "b"], default: { a: "x", b: "y" } });
  assertEquals([args.a, args.b], ["1", "y"]);
});

Deno.test("parseArgs() negates only what is negatable", () => {
  const args = parseArgs(["--no-vj", "--no-other"], {
    boolean: ["vj"],
    negatable: ["vj"],
    default: { vj: true },
  });
  assertEquals(args.vj, false);
  assertEquals(args["no-other"], true);
});

Deno.test("parseArgs() stops at the first command with stopEarly", () => {
  const args = parseArgs(["--json", "ping", "-c", "3", "h"], { boolean: ["json"], stopEarly: true });
  assertEquals(args, { _: ["ping", "-c", "3", "h"], json: true });
});

Deno.test("parseArgs() splits at a double dash", () => {
  assertEquals(parseArgs(["a", "--", "--b"]), { _: ["a", "--b"] });
  assertEquals(parseArgs(["a", "--", "--b"], { "--": true }), { _: ["a"], "--": ["--b"] });
});

Deno.test("parseArgs() reads groups of letters", () => {
  assertEquals(parseArgs(["-abc"]), { _: [], a: true, b: true, c: true });
  assertEquals(parseArgs(["-s1472"]), { _: [], s: 1472 });
  assertEquals(parseArgs(["-o=x"]), { _: [], o: "x" });
  assertEquals(parseArgs(["-"]), { _: ["-"] });
  assertEquals(parseArgs(["-n", "-5"]), { _: [], n: true, 5: true });
});

Deno.test("parseArgs() tells of unknown arguments and drops those that are refused", () => {
  const seen: unknown[] = [];
  const args = parseArgs(["--known", "--odd=1", "word"], {
    boolean: ["known"],
    unknown: (arg, key, value) => {
      seen.push([arg, key, value]);
      return false;
    },
  });
  assertEquals(args, { _: [], known: true });
  assertEquals(seen, [["--odd=1", "odd", "1"], ["word", undefined, undefined]]);
});

Deno.test("parseArgs() nests dotted names", () => {
  assertEquals(parseArgs(["--a.b=1", "--a.c"]), { _: [], a: { b: 1, c: true } });
});

Deno.test("parseArgs() types its result", () => {
  const args = parseArgs([], {
    boolean: ["json"],
    string: ["mac", "dns", "mtu"],
    collect: ["dns"],
    default: { mtu: "1500" },
    alias: { json: "j" },
  });
  type _Checks = [
    AssertTrue<IsExact<typeof args.json, boolean>>,
    AssertTrue<IsExact<typeof args.j, boolean>>,
    AssertTrue<IsExact<typeof args.mac, string | undefined>>,
    AssertTrue<IsExact<typeof args.dns, string[]>>,
    AssertTrue<IsExact<typeof args.mtu, string>>,
    AssertTrue<IsExact<typeof args._, (string | number)[]>>,
  ];
  assertEquals(args.mtu, "1500");
});

Deno.test("unicodeWidth() counts columns", () => {
  assertEquals(unicodeWidth("abc"), 3);
  assertEquals(unicodeWidth("日本"), 4);
  assertEquals(unicodeWidth("e\u0301"), 1);
  assertEquals(unicodeWidth(""), 0);
});
