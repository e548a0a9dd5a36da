/** `pppup --sim` in this process: what a stranger sees, and the exit status. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { pppup } from "./main.ts";

/** Fast enough that a test is not about waiting. */
const FAST = ["--sim", "--baud", "921600"];

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  let stdout = "";
  let stderr = "";
  const code = await pppup(args, {
    stdout: (text) => void (stdout += text),
    stderr: (text) => void (stderr += text),
    isTerminal: false,
    hasColor: false,
  }, { searchMs: 50, connectMs: 10 });
  return { code, stdout, stderr };
}

function events(stdout: string): Record<string, unknown>[] {
  return stdout.trim().split("\n").map((line) => JSON.parse(line));
}

Deno.test("pppup --sim ping: the steps as notes, the replies as the result, status 0", async () => {
  const done = await run(...FAST, "ping", "-c", "2", "-i", "0.05", "example.test");
  assertEquals(done.code, 0, done.stderr);
  assertStringIncludes(done.stdout, "2 sent, 2 received");
  for (
    const step of [
      "port",
      "modem",
      "SIM",
      "signal",
      "network",
      "access point",
      "call",
      "LCP",
      "login",
      "addresses",
    ]
  ) {
    assertMatch(done.stderr, new RegExp(`^ ✔ ${step} `, "m"));
  }
  assert(!done.stdout.includes("✔"));
});

Deno.test("pppup --sim -q get: a page, byte for byte, and nothing else is said", async () => {
  const path = await Deno.makeTempFile();
  const done = await run(...FAST, "-q", "get", "http://www.example.test/bytes/20000", "-o", path);
  const data = await Deno.readFile(path);
  await Deno.remove(path);
  assertEquals([done.code, done.stderr], [0, ""]);
  assertEquals(data.length, 20_000);
  assert(data.every((byte, i) => byte === ((i & 0xffff) & 0xff)));
});

Deno.test("pppup --sim --json: one object a line, for steps of up and for results", async () => {
  const done = await run(...FAST, "--json", "--max-session", "1", "up");
  assertEquals(done.code, 0);
  const all = events(done.stdout);
  const steps = all.filter((e) => e.event === "step" && e.state === "done").map((e) => e.step);
  assertEquals(steps.slice(-3), ["establish", "authenticate", "network"]);
  assertEquals(all.find((e) => e.event === "up")!.address, "10.64.64.100");
  assertMatch(String(all.at(-1)!.message), /time is up/);
  const failed = await run(...FAST, "--json", "--sim-fault", "wrong-apn", "ping", "x");
  const error = events(failed.stdout).at(-1)!;
  assertEquals([failed.code, error.event, error.cause], [1, "error", "wrong-apn"]);
  assert((error.evidence as string[]).includes("> AT+CEER"));
  const ping = await run(...FAST, "--json", "ping", "-c", "1", "10.64.64.1");
  assertEquals([ping.code, events(ping.stdout).map((e) => e.event)], [0, ["ping-reply", "ping-summary"]]);
});

Deno.test("pppup --sim --cmux: commands and data share the line, and the modem is there afterwards", async () => {
  const done = await run(...FAST, "--cmux", "ping", "-c", "1", "10.64.64.1");
  assertEquals(done.code, 0, done.stderr);
  assertStringIncludes(done.stdout, "1 received");
});

Deno.test("pppup --sim at: what the modem says; an ERROR is status 1", async () => {
  const good = await run(...FAST, "at", "AT+CSQ", "AT+CGMM");
  assertEquals([good.code, good.stdout], [0, "+CSQ: 21,99\nOK\nSIMCOM_SIM7600E-H\nOK\n"]);
  const bad = await run(...FAST, "at", "AT+NONSENSE");
  assertEquals([bad.code, bad.stdout], [1, "ERROR\n"]);
});

Deno.test("pppup --sim: a failure is one sentence which says what to do, and status 1", async () => {
  const cases: [string[], RegExp][] = [
    [["--sim-fault", "wrong-apn"], /Missing or unknown APN.*check --apn/],
    [["--sim-fault", "sim-pin"], /give --pin/],
    [["--sim-fault", "auth-failed"], /check --user and --password/],
    [["--sim-fault", "no-port"], /no such port/],
    [["--sim-fault", "no-permission"], /permission/i],
    [["--user", "x", "--password", "topsecret"], /check --user and --password/],
  ];
  for (const [args, sentence] of cases) {
    const done = await run(...FAST, ...args, "-q", "ping", "-c", "1", "example.test");
    assertEquals(done.code, 1, done.stderr);
    assertMatch(done.stderr, sentence);
    assertEquals(done.stderr.trim().split("\n").length, 1, done.stderr);
    assert(!done.stderr.includes("topsecret"));
  }
});

Deno.test("pppup --sim --pin: the PIN is entered and shown nowhere", async () => {
  const done = await run(
    ...FAST,
    "--sim-fault",
    "sim-pin",
    "--pin",
    "1234",
    "-v",
    "--trace",
    "ping",
    "-c",
    "1",
    "10.64.64.1",
  );
  assertEquals(done.code, 0, done.stderr);
  assertStringIncludes(done.stderr, "PIN accepted");
  assert(!(done.stdout + done.stderr).includes("1234"));
});

Deno.test("pppup --sim --pcap: the capture has the modem, PPP and IP, and no password", async () => {
  const path = await Deno.makeTempFile({ suffix: ".pcapng" });
  const secret = "open-sesame";
  const done = await run(
    ...FAST,
    "--auth",
    "pap",
    "--user",
    "demo",
    "--password",
    secret,
    "--pcap",
    path,
    "ping",
    "-c",
    "1",
    "10.64.64.1",
  );
  const text = new TextDecoder("latin1").decode(await Deno.readFile(path));
  await Deno.remove(path);
  assertEquals(done.code, 1);
  assertStringIncludes(text, "> AT+CPIN?");
  assertStringIncludes(text, "PAP AuthReq");
  assert(!text.includes(secret));
});

Deno.test("pppup: wrong usage is status 2, help is status 0", async () => {
  const wrong = await run("--sim", "frob");
  assertEquals(wrong.code, 2);
  assertMatch(wrong.stderr, /^Unknown command "frob".*\n$/);
  assertEquals((await run("--sim", "ping")).code, 2);
  const help = await run("-h");
  assertEquals(help.code, 0);
  assertStringIncludes(help.stdout, "--sim-fault");
});

Deno.test("pppup --sim --persist: the link comes back after the peer has ended it, over the same interface", async () => {
  const args = ["--sim-fault", "peer-terminates", "--persist", "--holdoff", "0.2"];
  const done = await run(...FAST, ...args, "ping", "-c", "8", "-i", "1", "-W", "1", "10.64.64.1");
  assertEquals(done.code, 0, done.stderr);
  assertStringIncludes(done.stderr, "Dialling again in");
  assertEquals(done.stderr.match(/✔ addresses/g)!.length >= 2, true, done.stderr);
});

Deno.test("pppup --sim --demand --idle: a packet dials, silence hangs up", async () => {
  const done = await run(...FAST, "--demand", "--idle", "1", "ping", "-c", "1", "example.test");
  assertEquals(done.code, 0, done.stderr);
  assertStringIncludes(done.stdout, "1 received");
});
