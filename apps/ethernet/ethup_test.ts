/** `ethup --sim` as a stranger runs it: a process, its output and its exit status. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";

const MAIN = new URL("./main.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

async function ethup(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const permissions = ["--allow-net", "--allow-read", "--allow-write", "--allow-env", "--no-prompt"];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--no-lock", "--config", CONFIG, ...permissions, MAIN, ...args],
    stdin: "null",
  }).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

function events(stdout: string): Record<string, unknown>[] {
  return stdout.trim().split("\n").map((line) => JSON.parse(line));
}

Deno.test("ethup --sim ping: names, replies, a summary, status 0", async () => {
  const done = await ethup("--sim", "--json", "ping", "-c", "2", "-i", "0.1", "www.example.test");
  assertEquals(done.code, 0, done.stderr);
  const summary = events(done.stdout).at(-1)!;
  assertEquals([summary.event, summary.sent, summary.received], ["ping-summary", 2, 2]);
});

Deno.test("ethup --sim ping: nobody there is status 1", async () => {
  const done = await ethup("--sim", "ping", "-c", "1", "-W", "0.3", "10.0.2.99");
  assertEquals(done.code, 1);
  assertMatch(done.stdout, /no answer|unreachable/);
});

Deno.test("ethup --sim --dhcp get: a lease, a page, byte for byte", async () => {
  const path = await Deno.makeTempFile();
  const done = await ethup(
    "--sim",
    "--dhcp",
    "--json",
    "get",
    "http://example.test/bytes/3000000",
    "-o",
    path,
  );
  assertEquals(done.code, 0, done.stderr);
  const data = await Deno.readFile(path);
  await Deno.remove(path);
  assertEquals(data.length, 3_000_000);
  assert(data.every((byte, i) => byte === ((i & 0xffff) & 0xff)));
  assertEquals(events(done.stdout).map((e) => e.event), ["lease", "fetched"]);
});

Deno.test("ethup --sim get: loss, reordering and duplication do no harm", async () => {
  const path = await Deno.makeTempFile();
  const faults = ["loss=0.02", "reorder=0.02", "duplicate=0.02", "corrupt=0.005", "delay=5"];
  const options = faults.flatMap((fault) => ["--fault", fault]);
  const done = await ethup("--sim", ...options, "get", "http://203.0.113.80/bytes/500000", "-o", path);
  assertEquals(done.code, 0, done.stderr);
  const data = await Deno.readFile(path);
  await Deno.remove(path);
  assertEquals(data.length, 500_000);
  assert(data.every((byte, i) => byte === ((i & 0xffff) & 0xff)));
});

Deno.test("ethup --sim get: what the server refuses is status 1, and says so", async () => {
  const done = await ethup("--sim", "get", "http://www.example.test/nothing", "-o", "/dev/null");
  assertEquals(done.code, 1);
  assertMatch(done.stderr, /404/);
});

Deno.test("ethup --sim traceroute: the router and the server", async () => {
  const done = await ethup("--sim", "--json", "traceroute", "www.example.test");
  assertEquals(done.code, 0, done.stderr);
  assertEquals(events(done.stdout).slice(-2).map((e) => e.addresses), [["10.0.2.1"], ["203.0.113.80"]]);
});

Deno.test("ethup --sim dig: answers, CNAME and all; NXDOMAIN is status 1", async () => {
  const done = await ethup("--sim", "dig", "www.example.test");
  assertEquals(done.code, 0, done.stderr);
  assertStringIncludes(done.stdout, "CNAME");
  assertStringIncludes(done.stdout, "203.0.113.80");
  const none = await ethup("--sim", "dig", "nothing.example.test");
  assertEquals(none.code, 1);
  assertStringIncludes(none.stdout, "NXDOMAIN");
});

Deno.test("ethup --sim iperf: both versions, both ways, streams and datagrams", async () => {
  const runs = [["-t", "0.3"], ["-t", "0.5", "-u", "-b", "2M"], ["--iperf3", "-t", "1"], [
    "--iperf3",
    "-t",
    "1",
    "-R",
  ]];
  for (const words of runs) {
    const done = await ethup("--sim", "--json", "iperf", "-c", "203.0.113.80", ...words);
    assertEquals(done.code, 0, `${words}: ${done.stdout}${done.stderr}`);
    const sum = events(done.stdout).find((e) => e.event === "iperf-sum")!;
    assert(Number(sum.bytes) > 50_000, `${words}: ${JSON.stringify(sum)}`);
  }
});

Deno.test("ethup: connection refused is one sentence and status 1", async () => {
  const done = await ethup("--sim", "get", "http://203.0.113.80:81/");
  assertEquals(done.code, 1);
  assertMatch(done.stderr, /^Cannot connect to .*refused.*\n$/);
});

Deno.test("ethup: wrong usage is status 2, help is status 0", async () => {
  assertEquals((await ethup("--sim", "ping")).code, 2);
  assertEquals((await ethup("frob")).code, 2);
  const help = await ethup("-h");
  assertEquals(help.code, 0);
  assertStringIncludes(help.stdout, "COMMANDS");
});

Deno.test("ethup --tap without --allow-ffi names the permission", async () => {
  if (Deno.build.os !== "linux") return;
  const done = await ethup("--tap", "lwtest", "--address", "10.9.0.2/24", "status");
  assertEquals(done.code, 1);
  assertStringIncludes(done.stderr, "--allow-ffi");
});
