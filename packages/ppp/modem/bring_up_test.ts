import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Answer, bringUpWith, runBringUp } from "./testdata/scripted_modem.ts";
import type { LinkCause } from "./link_cause.ts";

const SILENT_PEER = "silence-after-connect";

Deno.test("modem: all is well up to the dial: each step begins and is done, in order (3GPP TS 27.007)", () => {
  const { events, ended, asked, host } = runBringUp({});
  assertEquals(
    events.filter((event) => event.state === "done").map((event) => event.step),
    ["port", "modem", "sim", "signal", "registration", "attach", "context", "dial"],
  );
  assertEquals(events.find((e) => e.step === "modem" && e.state === "done")!.text, "ACME ONE, firmware 1.0");
  assertEquals(events.find((e) => e.step === "signal" && e.state === "done")!.fields.dbm, -71);
  const registration = events.find((e) => e.step === "registration" && e.state === "done")!;
  assertEquals(registration.text, "Testnet, LTE, home network");
  assert(registration.evidence.includes('< +CEREG: 2,1,"1A2B","01C0FFEE",7'));
  assertEquals(ended[0]!.cause, SILENT_PEER);
  assertEquals(asked.get('AT+CGDCONT=1,"IP","internet"'), undefined);
  assertEquals([host.timers.size, host.pool.inUse], [0, 0]);
});

const FAILURES:
  readonly (readonly [string, LinkCause, Readonly<Record<string, Answer | undefined>>, RegExp])[] = [
    ["no SIM", "no-sim", { "AT+CPIN?": "+CME ERROR: 10" }, /SIM not inserted/],
    ["no SIM, without numbers", "no-sim", { "AT+CPIN?": "ERROR" }, /no SIM/],
    ["a PIN is wanted and none given", "sim-pin", { "AT+CPIN?": "+CPIN: SIM PIN\n\nOK" }, /--pin/],
    ["the PUK is wanted", "sim-puk", { "AT+CPIN?": "+CPIN: SIM PUK\n\nOK" }, /PUK/],
    ["the SIM stays busy", "no-sim", { "AT+CPIN?": "+CME ERROR: 14" }, /SIM busy/],
    [
      "no signal",
      "no-signal",
      { "AT+CSQ": "+CSQ: 99,99\n\nOK", "AT+CEREG?": "+CEREG: 2,2\n\nOK" },
      /antenna/,
    ],
    [
      "searching without end",
      "not-registered",
      { "AT+CEREG?": "+CEREG: 2,2\n\nOK", "AT+CREG?": "+CREG: 2,2\n\nOK" },
      /60 s/,
    ],
    ["denied", "registration-denied", { "AT+CEREG?": "+CEREG: 2,3\n\nOK" }, /denied by the network/],
    ["emergency calls only", "registration-denied", { "AT+CEREG?": "+CEREG: 2,8\n\nOK" }, /emergency/],
    [
      "attach refused",
      "attach-refused",
      { "AT+CGATT?": "+CGATT: 0\n\nOK", "AT+CGATT=1": "+CME ERROR: 107" },
      /GPRS services not allowed/,
    ],
    [
      "wrong APN, told by the network",
      "wrong-apn",
      { "ATD*99#": "NO CARRIER", "AT+CEER": '+CEER: "Missing or unknown APN"\n\nOK' },
      /Missing or unknown APN.*--apn/,
    ],
    [
      "wrong APN, by number",
      "wrong-apn",
      { "ATD*99#": "+CME ERROR: 133" },
      /requested service option not subscribed/,
    ],
    ["attach lost at dial", "attach-refused", { "ATD*99#": "+CME ERROR: 111" }, /PLMN not allowed/],
    ["NO CARRIER without a reason", "no-carrier", { "ATD*99#": "NO CARRIER" }, /NO CARRIER/],
    ["BUSY", "busy", { "ATD*99#": "BUSY" }, /BUSY/],
    ["NO DIALTONE", "no-dialtone", { "ATD*99#": "NO DIALTONE" }, /telephone line/],
    ["no answer to the dial", "no-carrier", { "ATD*99#": undefined }, /said nothing more/],
    ["authentication at the network", "auth-failed", { "ATD*99#": "+CME ERROR: 149" }, /--user/],
  ];

for (const [what, cause, answers, message] of FAILURES) {
  Deno.test(`modem: ${what}: ${cause}, with the exchange as evidence and a remedy (3GPP TS 27.007 §9.2)`, () => {
    const { events, ended, host, port } = runBringUp(answers);
    port.advance(1000);
    assertEquals(ended.map((end) => end.cause), [cause]);
    assertMatch(ended[0]!.message, message);
    assertMatch(ended[0]!.message, /^[A-Z].*\.$/);
    assert(ended[0]!.evidence.some((line) => line.startsWith("> AT")), ended[0]!.evidence.join("\n"));
    assertEquals(events.at(-1)!.state, "failed");
    assertEquals(host.timers.size, 0);
  });
}

Deno.test("SIM PIN: entered once, accepted when the SIM has read its files, and shown nowhere (3GPP TS 27.007 §8.3)", () => {
  const sim: Answer = (count) => count < 4 ? "+CPIN: SIM PIN\n\nOK" : "+CPIN: READY\n\nOK";
  const { events, asked, ended } = runBringUp({ "AT+CPIN?": sim, 'AT+CPIN="4711"': "OK" }, { pin: "4711" });
  assertEquals(asked.get('AT+CPIN="4711"'), 1);
  assertEquals(ended[0]!.cause, SILENT_PEER);
  assert(!JSON.stringify([events, ended]).includes("4711"));
  assertStringIncludes(JSON.stringify(events), "AT+CPIN=(hidden)");
});

Deno.test("SIM PIN: a wrong one is never sent twice (3GPP TS 27.007 §8.3)", () => {
  const { asked, ended } = runBringUp(
    { "AT+CPIN?": "+CPIN: SIM PIN\n\nOK", 'AT+CPIN="4711"': "+CME ERROR: 16" },
    { pin: "4711" },
  );
  assertEquals([asked.get('AT+CPIN="4711"'), ended[0]!.cause], [1, "sim-pin"]);
  assertMatch(ended[0]!.message, /PIN is wrong/);
});

Deno.test("SIM PIN: the last attempt is left to people (3GPP TS 27.007 §8.65)", () => {
  const { asked, ended } = runBringUp(
    { "AT+CPIN?": "+CPIN: SIM PIN\n\nOK", 'AT+CPINR="SIM PIN"': "+CPINR: SIM PIN,1,3\n\nOK" },
    { pin: "4711" },
  );
  assertEquals([asked.get('AT+CPIN="4711"'), ended[0]!.cause], [undefined, "sim-pin"]);
});

Deno.test("modem: a speed other than the one asked for is found, and named (V.250 §4.3)", () => {
  const { port, bringUp, events } = bringUpWith({}, { baudRate: 9600 });
  port.baud = 9600;
  const answer = port.reply!;
  port.reply = (text) => port.baud === 921600 ? answer(text) : undefined;
  bringUp.start();
  port.advance(30_000);
  const warning = events.find((event) => event.cause === "wrong-baud")!;
  assertEquals([warning.state, warning.fields.baudRate], ["warning", 921600]);
  assertEquals(bringUp.modem.baudRate, 921600);
  bringUp.stop();
  port.advance(60_000);
});

Deno.test("modem: nothing answers at any speed: no-answer (V.250 §5.2)", () => {
  const { port, bringUp, ended } = bringUpWith({});
  port.reply = undefined;
  bringUp.start();
  port.advance(60_000);
  assertEquals(ended.map((end) => end.cause), ["no-answer"]);
  assertEquals(port.baud, 115200);
});

Deno.test("modem: left in data mode, +++ brings it back (V.250 §6.3)", () => {
  const { port, bringUp, events } = bringUpWith({});
  const answer = port.reply!;
  let isData = true;
  port.reply = (text) => {
    if (!isData) return answer(text);
    if (text !== "+++") return undefined;
    isData = false;
    return "\r\nOK\r\n";
  };
  bringUp.start();
  port.advance(20_000);
  assert(events.some((event) => event.cause === "data-mode" && event.state === "warning"));
  assert(events.some((event) => event.step === "dial" && event.state === "done"));
  bringUp.stop();
  port.advance(60_000);
});

Deno.test("modem: sends PPP frames and takes no command: data-mode-stuck (RFC 1662 §3.1)", () => {
  const { port, bringUp, ended } = bringUpWith({});
  port.reply = () => "\x7e\xff\x7d\x23\xc0\x21\x7d\x21\x7e";
  bringUp.start();
  port.advance(60_000);
  assertEquals(ended.map((end) => end.cause), ["data-mode-stuck"]);
});

Deno.test("roaming is a warning, and the radio is switched on if it was off (3GPP TS 27.007 §8.2)", () => {
  const { events, asked, ended } = runBringUp({
    "AT+CFUN?": "+CFUN: 4\n\nOK",
    "AT+CFUN=1": "OK",
    "AT+CEREG?": "+CEREG: 2,5\n\nOK",
  });
  assertEquals(asked.get("AT+CFUN=1"), 1);
  assertEquals(events.filter((event) => event.state === "warning").map((event) => event.cause), [
    undefined,
    "roaming",
  ]);
  assertEquals(ended[0]!.cause, SILENT_PEER);
});

Deno.test("registration: an unsolicited +CEREG ends the waiting at once (3GPP TS 27.007 §10.1.22)", () => {
  const { port, bringUp, events } = bringUpWith({ "AT+CEREG?": "+CEREG: 2,2\n\nOK" });
  bringUp.start();
  port.advance(10_000);
  assertEquals(events.at(-1)!.step, "registration");
  port.say('\r\n+CEREG: 1,"1A2B","01C0FFEE",7\r\n');
  port.advance(500);
  assert(events.some((event) => event.step === "dial"));
  bringUp.stop();
  port.advance(60_000);
});

Deno.test("context: another APN is written, the present one is not written again (3GPP TS 27.007 §10.1.1)", () => {
  const written = runBringUp({ 'AT+CGDCONT=1,"IP","other.apn"': "OK" }, { apn: "other.apn" });
  assertEquals(written.asked.get('AT+CGDCONT=1,"IP","other.apn"'), 1);
  const step = written.events.find((event) => event.step === "context" && event.state === "done")!;
  assertEquals(step.text, "context 1: IP, APN other.apn (was internet)");
  const same = runBringUp({}, { apn: "Internet" });
  assert(![...same.asked.keys()].some((command) => command.startsWith("AT+CGDCONT=")));
});

Deno.test("a telephone modem is dialled without questions for SIM and network (V.250 §6.3.1)", () => {
  const hayes: Record<string, string> = { "ATDT5551234": "CONNECT 33600" };
  for (const name of ["+CMEE=1", "+CGMI", "+CGMM", "+CGMR", "+CPIN?", "+CSQ"]) hayes[`AT${name}`] = "ERROR";
  const { events, ended } = runBringUp(hayes, { number: "T5551234" });
  assertEquals(
    events.filter((event) => event.state === "done").map((event) => event.step),
    ["port", "modem", "dial"],
  );
  assertEquals(ended[0]!.cause, SILENT_PEER);
});

Deno.test("--init: each command is sent once; one that fails is a warning", () => {
  const { events, asked } = runBringUp({ "AT+FOO=1": "OK" }, { init: ["AT+FOO=1", "AT+BAR"] });
  assertEquals([asked.get("AT+FOO=1"), asked.get("AT+BAR")], [1, 1]);
  assertMatch(events.find((event) => event.state === "warning")!.text, /^AT\+BAR was answered with ERROR/);
});

Deno.test("stop() during the AT dialogue ends it at once, with nothing left armed", () => {
  const { port, bringUp, ended, host } = bringUpWith({ "AT+CEREG?": "+CEREG: 2,2\n\nOK" });
  bringUp.start();
  port.advance(5000);
  bringUp.stop();
  port.advance(5000);
  assertEquals(ended.map((end) => end.cause), ["closed"]);
  assertEquals(host.timers.size, 0);
});

Deno.test("a port that goes away is named, whatever the step", () => {
  const { port, bringUp, ended } = bringUpWith({});
  bringUp.start();
  port.advance(50);
  port.sink!.serialClosed(new Error("unplugged"));
  port.advance(5000);
  assertEquals(ended.map((end) => end.cause), ["no-port"]);
  assertMatch(ended[0]!.message, /fake is gone \(unplugged\)/);
});
