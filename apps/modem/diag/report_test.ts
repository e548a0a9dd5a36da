import { assertEquals } from "@std/assert";
import { Output, type OutputSink } from "@lightwire/app-commands";
import { DiagReport } from "./report.ts";

function report(options: { json?: boolean; quiet?: boolean; verbose?: boolean; hasColor?: boolean } = {}) {
  let text = "";
  const sink: OutputSink = { stdout: (t) => text += t, stderr() {}, isTerminal: false, hasColor: false };
  const { json = false, quiet = false, verbose = false } = options;
  const output = new Output({ json, quiet, verbose }, sink);
  const made = new DiagReport(output, { hasColor: options.hasColor ?? false, columns: 72 });
  return { report: made, text: () => text };
}

Deno.test("report: passes in a line, a failure with its evidence and the way out, the rest in one line", () => {
  const { report: r, text } = report();
  r.begin("/dev/ttyUSB0, 115200 baud");
  r.add("port", { result: "pass", text: "opened", evidence: ["not shown"] }, 3);
  r.add("lines", { result: "skip", text: "the port has none" }, 0);
  r.add("modem", { result: "pass", text: "SIMCOM SIM7600E" }, 40);
  r.add("sim", {
    result: "fail",
    cause: "sim-pin",
    text: "the SIM wants its PIN",
    evidence: ["> AT+CPIN?", "< +CPIN: SIM PIN", "< OK"],
  }, 20);
  r.skipRest("not reached");
  assertEquals(r.end("never said"), 1);
  assertEquals(
    text(),
    `/dev/ttyUSB0, 115200 baud

✔   1 serial port        opened
–   2 lines of the port  the port has none
✔   3 modem              SIMCOM SIM7600E
✘   4 SIM                the SIM wants its PIN
        > AT+CPIN?
        < +CPIN: SIM PIN
        < OK
–   5 to 22              not reached

It is: the SIM wants its PIN, or the one given is wrong (sim-pin).
The SIM does nothing until it is given its PIN. Three wrong ones lock
it, so a PIN is tried once.

Do this next: Give the PIN: \`--pin N\`; it is on the letter that came
              with the SIM.
Otherwise:
  - If you gave one and it was refused: Do not try others: look it up;
    \`pppup --device /dev/ttyUSB0 at 'AT+CPINR="SIM PIN"'\` tells how many
    attempts are left.
  - If nobody is there to type it: Switch the question off:
    \`pppup --device /dev/ttyUSB0 at 'AT+CLCK="SC",0,"N"'\` with the PIN
    for N.
`,
  );
});

Deno.test("report: nothing wrong is one sentence, and exit status 0", () => {
  const { report: r, text } = report();
  r.add("port", { result: "pass", text: "opened" }, 0);
  assertEquals(r.end("online as 10.0.0.2."), 0);
  assertEquals(text(), "✔   1 serial port        opened\n\nNothing is wrong: online as 10.0.0.2.\n");
});

Deno.test("report: a warning says that it works, what is odd, and exits with 0", () => {
  const { report: r, text } = report();
  r.add("registration", { result: "warn", cause: "roaming", text: "Roaming in Utopia" }, 0);
  assertEquals(r.end("online."), 0);
  assertEquals(
    text(),
    `!   6 registration       Roaming in Utopia
      → Nothing, if you know what it costs.

It works: online.
But note: the modem is in a foreign network (roaming).
The modem is registered in a foreign network. It works, may cost more,
and needs roaming in the contract.

Do this next: Nothing, if you know what it costs.
Otherwise:
  - If you are at home: Near a border, or with an international IoT SIM,
    that is usual; \`pppup --device /dev/ttyUSB0 at 'AT+COPS=?'\` shows
    whether the home network is there.
`,
  );
});

Deno.test("report: what has no cause is told by its check, and what else is odd in a line each", () => {
  const { report: r, text } = report();
  r.add("modem", { result: "warn", cause: "wrong-baud", text: "found at 9600", facts: { baud: "9600" } }, 0);
  r.add(
    "connect",
    { result: "fail", text: "no connection to example.com:80", remedy: "Ask the operator." },
    0,
  );
  r.add("clock", { result: "warn", text: "odd" }, 0);
  assertEquals(r.end("online."), 1);
  assertEquals(
    text().slice(text().indexOf("It is: ")),
    `It is: a connection: no connection to example.com:80.

Do this next: Ask the operator.
Also: the modem answers at another speed than the one asked for
      (wrong-baud). Give the speed that was found: \`--baud 9600\`.
Also: check 22, clock: odd
`,
  );
});

Deno.test("report: said less (-q), it has what is odd, and the verdict", () => {
  const { report: r, text } = report({ quiet: true });
  r.begin("/dev/ttyUSB0, 115200 baud");
  r.add("port", { result: "pass", text: "opened" }, 0);
  r.add("clock", { result: "warn", text: "odd" }, 0);
  r.skipRest("not reached");
  r.end("online.");
  assertEquals(text(), "!  22 clock              odd\n\nIt works: online.\nBut note: clock: odd.\n\n");
});

Deno.test("report: as JSON an object for each check and one at the end, and no other line", () => {
  const { report: r, text } = report({ json: true });
  r.begin("simulated modem");
  r.add("port", {
    result: "fail",
    cause: "no-permission",
    text: "not allowed",
    evidence: ["permission denied"],
    facts: { group: "uucp" },
  }, 1.6);
  r.skipRest("not reached");
  assertEquals(r.end("never said"), 1);
  const events = text().trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(events.length, 1 + 22 + 1);
  assertEquals(events[1], {
    event: "check",
    number: 1,
    check: "port",
    result: "fail",
    cause: "no-permission",
    text: "not allowed",
    evidence: ["permission denied"],
    remedy: "`sudo usermod -aG uucp $USER`, then log out and in again (or `newgrp uucp` in this terminal).",
    ms: 2,
  });
  assertEquals(events[2], {
    event: "check",
    number: 2,
    check: "lines",
    result: "skip",
    text: "not reached",
    evidence: [],
    ms: 0,
  });
  assertEquals(events.at(-1), {
    event: "diagnosis",
    causes: ["no-permission"],
    ok: false,
    failed: ["port"],
    text: "the serial port may not be opened by this user",
  });
});

Deno.test("report: failures come before warnings, each cause once; a second word about a check is dropped", () => {
  const { report: r } = report();
  r.add("modem", { result: "warn", cause: "wrong-baud", text: "found at 9600" }, 0);
  r.add("name-servers", { result: "fail", cause: "no-dns", text: "none" }, 0);
  r.add("name-servers", { result: "pass", text: "no, all is well" }, 0);
  r.add("resolve", { result: "fail", cause: "no-dns", text: "none" }, 0);
  assertEquals(r.causes, ["no-dns", "wrong-baud"]);
  assertEquals(r.isOk, false);
});

Deno.test("report: long evidence is shortened from its begin, unless everything is wanted; colours only if asked for", () => {
  const evidence = Array.from({ length: 20 }, (_, i) => `line ${i}`);
  const add = (options: { verbose?: boolean; hasColor?: boolean }) => {
    const { report: r, text } = report(options);
    r.add("modem", { result: "fail", cause: "no-answer", text: "no answer", evidence }, 0);
    return text();
  };
  assertEquals(add({}).split("\n").slice(1, 3), [
    "        … 4 lines before (-v shows them)",
    "        line 4",
  ]);
  assertEquals(add({ verbose: true }).split("\n")[1], "        line 0");
  assertEquals(add({}).includes("\x1b"), false);
  assertEquals(add({ hasColor: true }).startsWith("\x1b[31m✘\x1b[0m   3 modem"), true);
});
