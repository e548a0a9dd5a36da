import { assert, assertEquals, assertMatch } from "@std/assert";
import { findScripts } from "./main.ts";
import { formatOutcome } from "./script_outcome.ts";
import { runScript } from "./script_run.ts";

const FOLDER = "packages/tcp/scenarios/scripts";

for (const path of findScripts([FOLDER])) {
  const text = Deno.readTextFileSync(path);
  const name = /^\/\/ (.*)/.exec(text)?.[1] ?? path;
  Deno.test(`${name} (${path.slice(FOLDER.length + 1)})`, () => {
    const outcome = runScript(text, { isStrict: true });
    assertEquals(outcome.problem, undefined, formatOutcome(path, outcome));
  });
}

Deno.test("the folder has a script for each area, and each names state and clause", () => {
  const scripts = findScripts([FOLDER]);
  assert(scripts.length >= 45, `${scripts.length}`);
  for (const path of scripts) {
    assertMatch(Deno.readTextFileSync(path), /^\/\/ [A-Z][A-Z0-9-]+.*: .+/, path);
  }
});

const HANDSHAKE = `
0   socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0  bind(3, ..., ...) = 0
+0  listen(3, 1) = 0
+0  < S 0:0(0) win 65535 <mss 1000,sackOK>
+0  > S. 0:0(0) ack 1 <mss 1460,sackOK>
+.1 < . 1:1(0) ack 1 win 65535
+0  accept(3, ..., ...) = 4
`;

function problemOf(events: string, isStrict: boolean = false): string | undefined {
  return runScript(`${HANDSHAKE}${events}`, { isStrict }).problem;
}

Deno.test("runScript() fails where a packet, a time, a result or a value differs", () => {
  const write = "+0 write(4, ..., 100) = 100\n";
  assertEquals(problemOf(`${write}+0 > P. 1:101(100) ack 1`), undefined);
  const wrong = [
    [`${write}+0 > . 1:101(100) ack 1`, /flags are P/],
    [`${write}+0 > P. 1:100(99) ack 1`, /100 octets of text/],
    [`${write}+0 > P. 2:102(100) ack 1`, /begins at 1/],
    [`${write}+0 > P. 1:101(100) ack 2`, /acknowledges 1/],
    [`${write}+0 > P. 1:101(100) ack 1 win 3`, /window is 64240/],
    [`${write}+0 > P. 1:101(100) ack 1 <nop,nop,TS val 1 ecr 2>`, /no timestamps/],
    [`${write}+0 > P. 1:101(100) ack 1 <nop,nop,sack 5:6>`, /SACK blocks are missing/],
    [`${write}+0 > [ect0] P. 1:101(100) ack 1`, /ECN field is 0/],
    [`${write}+.1 > P. 1:101(100) ack 1`, /wrong time/],
    ["+0 > P. 1:101(100) ack 1", /Nothing was sent/],
    ["+0 write(4, ..., 100) = 99", /returned 100, not 99/],
    ["+0 write(4, ..., 100) = -1 EPIPE (Broken pipe)", /returned 100, not EPIPE/],
    ["+0 read(5, ..., 100) = 1", /returned EBADF/],
    ["+0 read(4, ..., 100) = 1", /waits for ever/],
    ["+0...0.2 read(4, ..., 100) = 0\n+.05 < F. 1:1(0) ack 1 win 9", /wrong time/],
    ["+0 poll([{fd=4, events=POLLIN|POLLOUT, revents=POLLIN}], 1, 0) = 1", /revents are POLLOUT/],
    ["+0 getsockopt(4, SOL_SOCKET, SO_ERROR, [ECONNRESET], [4]) = 0", /value of SO_ERROR is 0/],
    ["+0 %{ assert tcpi_snd_cwnd == 11 }%", /tcpi_snd_cwnd is 10/],
    ["+0 %{ assert tcpi_nothing == 11 }%", /There is no tcpi_nothing/],
    ["+0 frobnicate(4) = 0", /There is no call frobnicate/],
  ] as const;
  for (const [events, problem] of wrong) assertMatch(problemOf(events) ?? "it passed", problem, events);
});

Deno.test("runScript() wants every segment to be expected when it is strict", () => {
  const events = "+0 write(4, ..., 100) = 100";
  assertEquals(problemOf(events), undefined);
  assertMatch(problemOf(events, true)!, /Nobody expects/);
});

Deno.test("runScript() names the line of what it cannot read", () => {
  const outcome = runScript("// a comment\n\n+0 > S 0:0(0)\n0 socket(...\n");
  assertEquals([outcome.line, outcome.problem], [4, "The parenthesis is not closed"]);
  assertEquals(runScript("\n  gibberish\n").line, 2);
  assertMatch(
    formatOutcome("x.pkt", runScript("\n  gibberish\n")),
    /^FAILED {2}x\.pkt:2: Cannot read "gibberish"/,
  );
});

Deno.test("runScript() reads settings from shell lines, and says which it does not know", () => {
  const outcome = runScript(
    `\`sysctl -q net.ipv4.tcp_sack=0 net.ipv4.tcp_frob=7\nip route add x\`${HANDSHAKE}`,
  );
  assertEquals(outcome.ignored, ["net.ipv4.tcp_frob=7"]);
  assertMatch(outcome.problem!, /does not permit SACK/);
});

Deno.test("runScript() reads the shell files that lines run, each with sums and comments", () => {
  const files: Record<string, string> = {
    "./settings.sh": "# sysctl net.ipv4.tcp_frob=1\nsource ../more.sh > /dev/null 2>&1\n",
    "../more.sh": 'sysctl -q net.ipv4.tcp_rmem="4096 8192 $((7*2*1024*1024))" net.ipv4.tcp_frob=2',
  };
  const script = `\`./settings.sh\n\`\n${HANDSHAKE}`.replaceAll("sackOK", "nop,wscale 8");
  const outcome = runScript(script, { shellFiles: (path) => files[path] });
  assertEquals([outcome.problem, outcome.ignored], [undefined, ["net.ipv4.tcp_frob=2"]]);
  assertMatch(runScript(script).problem!, /its window scale option is 7/);
});

Deno.test("runScript() knows what a file defaults.sh beside public scripts says, where it is missing", () => {
  const script = `\`../common/defaults.sh\`\n${HANDSHAKE}`.replaceAll("sackOK", "nop,wscale 8");
  assertEquals(runScript(script).problem, undefined);
});

Deno.test("runScript() reads FreeBSD's settings, and has its defaults then", () => {
  const shell = "0 `sysctl -w net.inet.tcp.sack.enable=0`\n+0 `sysctl -w net.inet.tcp.hostcache.purgenow=1`";
  const script = `${shell}${HANDSHAKE}`.replace("mss 1000,sackOK", "mss 1000,nop,wscale 1").replace(
    "<mss 1460,sackOK>",
    "<mss 1460,nop,wscale 6>",
  );
  const outcome = runScript(script);
  assertEquals([outcome.problem, outcome.ignored], [undefined, ["net.inet.tcp.hostcache.purgenow=1"]]);
});
