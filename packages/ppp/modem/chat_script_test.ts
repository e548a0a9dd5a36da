import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { type ChatOutcome, ChatRunner, type ChatRunnerOptions } from "./chat_runner.ts";
import { type ChatScript, type ChatScriptOptions, parseChatScript } from "./chat_script.ts";
import { FakePort } from "./testdata/fake_port.ts";

function script(text: string, options?: ChatScriptOptions): ChatScript {
  const parsed = parseChatScript(text, options);
  assert("steps" in parsed, JSON.stringify(parsed));
  return parsed;
}

function run(text: string, options?: ChatRunnerOptions & ChatScriptOptions) {
  const port = new FakePort();
  const outcomes: ChatOutcome[] = [];
  const runner = new ChatRunner(port, port.timers, script(text, options), (o) => outcomes.push(o), options);
  runner.start();
  return { port, runner, outcomes };
}

const DIAL = String.raw`
# a comment
ABORT "NO CARRIER"
ABORT BUSY
TIMEOUT 5
'' ATZ
OK-AT-OK ATDT\T
TIMEOUT 60
CONNECT ''
ogin:--ogin: \quser
`;

Deno.test("a dial script goes through", () => {
  const { port, outcomes } = run(DIAL, { phoneNumber: "*99#" });
  assertEquals(port.take(), "ATZ\r");
  port.say("ATZ\r\r\nO");
  port.say("K\r\n");
  assertEquals(port.take(), "ATDT*99#\r");
  port.say("\r\nCONNECT 115200\r\n");
  assertEquals(port.take(), "\r");
  port.say("login: ");
  assertEquals(port.take(), "user\r");
  assertEquals([outcomes[0]!.status, outcomes[0]!.exitCode], ["done", 0]);
  assertEquals(new TextDecoder().decode(outcomes[0]!.rest), " ");
  assertEquals(port.timers.size, 0);
});

Deno.test("sub-expects are tried on a time-out, and the last one fails the script", () => {
  const { port, outcomes } = run(DIAL);
  port.take();
  port.advance(4999);
  assertEquals(port.take(), "");
  port.advance(1);
  assertEquals(port.take(), "AT\r");
  port.advance(5000);
  assertEquals([outcomes[0]!.status, outcomes[0]!.exitCode, outcomes[0]!.text], ["timeout", 3, "OK"]);
});

Deno.test("an abort text ends the script with its number", () => {
  const { port, outcomes } = run(DIAL);
  port.say("OK\r\nBUSY\r\n");
  assertEquals([outcomes[0]!.status, outcomes[0]!.exitCode, outcomes[0]!.text], ["abort", 5, "BUSY"]);
  const cleared = run("ABORT BUSY CLR_ABORT BUSY OK ''");
  cleared.port.say("BUSY OK");
  assertEquals(cleared.outcomes[0]!.status, "done");
});

Deno.test("escapes: \\c \\d \\p \\s \\t \\n \\r \\\\ \\N \\nnn ^C, BREAK and EOT", () => {
  const { port, runner, outcomes } = run(String.raw`"" +++\d\c "" a\sb\p\\\x41\101\N^C\t\-\c "" EOT OK\r ''`);
  assertEquals(port.take(), "+++");
  port.say("OK\r");
  assertEquals(outcomes.length, 0);
  port.advance(1000);
  assertEquals(port.take(), "a b");
  port.advance(100);
  assertEquals(port.take(), "\\x41A\0\x03\t-\x04\r");
  assertEquals([outcomes[0]!.status, runner.droppedBytes], ["done", 0]);
  assertEquals(run("'' BREAK").outcomes[0]!.status, "unsupported");
  let breaks = 0;
  run("'' BREAK '' \\K", { sendBreak: () => breaks++ });
  assertEquals(breaks, 2);
});

Deno.test("SAY, REPORT, and a trace without secrets", () => {
  const said: string[] = [];
  const trace: string[] = [];
  const { port, outcomes } = run(`SAY "Dialing\\n" REPORT CONNECT '' \\qsecret CONNECT ''`, {
    onSay: (text) => said.push(text),
    onTrace: (_, text) => trace.push(text),
  });
  port.say("\r\nCONNECT 9600\r\n~rest");
  assertEquals([said, outcomes[0]!.reports], [["Dialing\n"], ["CONNECT 9600"]]);
  assertEquals(trace, ["(hidden)", "CONNECT", "\r"]);
  assertStringIncludes(new TextDecoder().decode(outcomes[0]!.rest), "~rest");
});

Deno.test("what is no script is refused with its line", () => {
  assertEquals(parseChatScript('OK AT\n"x'), { error: 'A word begins with " and does not end', line: 2 });
  assertEquals(parseChatScript("\nABORT"), { error: "ABORT has nothing behind it", line: 2 });
  assert("error" in parseChatScript("'' @/etc/passwd"));
  assert("error" in parseChatScript("x".repeat(70_000)));
  assertEquals(parseChatScript("TIMEOUT 0"), { steps: [{ kind: "timeout", ms: 45_000 }] });
  assertEquals(script("HANGUP OFF").steps, [{ kind: "ignored", word: "HANGUP" }]);
});

Deno.test("a closed port and a cancelled run", () => {
  const { port, outcomes } = run("OK ''");
  port.sink!.serialClosed(undefined);
  port.advance(100_000);
  assertEquals(outcomes.map((o) => o.exitCode), [2]);
  const other = run("OK ''");
  other.runner.cancel();
  other.port.say("OK");
  other.port.advance(100_000);
  assertEquals(other.outcomes, []);
});

Deno.test("property: any text is a script or an error, and a run of it ends", () => {
  const word = fc.oneof(
    fc.constantFrom(
      "ABORT",
      "TIMEOUT",
      "1",
      "OK-AT-OK",
      "''",
      '"a b"',
      "\\d\\c",
      "SAY",
      "REPORT",
      "\\",
      "^",
      "-",
      "\n",
    ),
    fc.string({ maxLength: 8 }),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), fc.string(), (words, said) => {
      const parsed = parseChatScript(words.join(" "));
      if ("error" in parsed) return;
      const port = new FakePort();
      let count = 0;
      new ChatRunner(port, port.timers, parsed, () => count++, { timeoutMs: 100 }).start();
      port.say("x" + said);
      port.advance(20_000_000_000);
      assertEquals(count, 1);
    }),
    { numRuns: 150 },
  );
});

Deno.test("property: any chunking of the modem's words gives the same run", () => {
  const text = "\r\nOK\r\n\r\nCONNECT 9600\r\n~data";
  fc.assert(
    fc.property(fc.array(fc.nat(text.length), { maxLength: 10 }), (cuts) => {
      const { port, outcomes } = run("REPORT CONNECT OK ATD CONNECT \\c");
      let at = 0;
      let rest = "";
      for (const cut of [...cuts.sort((a, b) => a - b), text.length]) {
        if (cut === at) continue;
        if (outcomes.length > 0) rest += text.slice(at, cut);
        else port.say(text.slice(at, cut));
        at = cut;
      }
      const all = String.fromCharCode(...outcomes[0]!.rest) + rest;
      assertEquals([port.written, all], ["ATD\r", " 9600\r\n~data"]);
    }),
    { numRuns: 60 },
  );
});
