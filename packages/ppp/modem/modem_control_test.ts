import { assertEquals, assertThrows } from "@std/assert";
import { AtEngine } from "./at_engine.ts";
import { pauseData, type PauseOutcome } from "./pause_data.ts";
import { GENERIC_PROFILE, SIM7600_PROFILE } from "./modem_profile.ts";
import { resetModem, type ResetOutcome } from "./modem_reset.ts";
import { UrcSubscriptions } from "./urc_subscriptions.ts";
import { FakePort } from "./testdata/fake_port.ts";

function setUp(reply: (text: string) => string | undefined) {
  const port = new FakePort();
  port.reply = reply;
  return { port, engine: new AtEngine(port, port.timers) };
}

Deno.test("resetModem() waits for the line with which its make says that it has started", () => {
  const { port, engine } = setUp((text) => text === "AT+CRESET\r" ? "\r\nOK\r\n" : undefined);
  const outcomes: ResetOutcome[] = [];
  resetModem(engine, port.timers, SIM7600_PROFILE, (outcome) => void outcomes.push(outcome));
  port.advance(20_000);
  assertEquals(outcomes, []);
  port.say("\r\nRDY\r\n\r\nPB DONE\r\n");
  assertEquals(outcomes, ["ready"]);
  port.advance(1000);
  assertEquals(port.timers.size, 0);
});

Deno.test("resetModem() asks a modem which does not say so, and gives up in the end", () => {
  let isDeaf = true;
  const { port, engine } = setUp((text) => text.startsWith("AT+CFUN") || !isDeaf ? "\r\nOK\r\n" : undefined);
  const outcomes: ResetOutcome[] = [];
  const keep = (outcome: ResetOutcome) => void outcomes.push(outcome);
  resetModem(engine, port.timers, GENERIC_PROFILE, keep);
  port.advance(10_000);
  isDeaf = false;
  port.advance(5000);
  assertEquals(outcomes, ["ready"]);
  isDeaf = true;
  resetModem(engine, port.timers, GENERIC_PROFILE, keep);
  port.advance(70_000);
  assertEquals(outcomes, ["ready", "timeout"]);
  engine.close();
});

Deno.test("UrcSubscriptions: each gets the lines with its prefix, until it ends that (3GPP TS 27.007 §7.2)", () => {
  const { port, engine } = setUp(() => undefined);
  const urcs = new UrcSubscriptions(engine);
  const heard: string[] = [];
  const end = urcs.subscribe("+creg", (line) => heard.push(`reg ${line}`));
  urcs.subscribe("RING", (line) => heard.push(line));
  port.say('\r\n+CREG: 1\r\n\r\nRING\r\n\r\n+CMTI: "SM",1\r\n');
  assertEquals([heard, urcs.unwanted], [["reg +CREG: 1", "RING"], 1]);
  end();
  const endAll = urcs.subscribe(undefined, () => endAll());
  port.say("\r\n+CREG: 2\r\n");
  assertEquals([heard.length, urcs.unwanted], [2, 1]);
  for (let i = 1; i < 64; i++) urcs.subscribe("X", () => {});
  assertThrows(() => urcs.subscribe("X", () => {}), RangeError);
});

/** A modem in data mode which knows +++ and ATO. */
function dialled() {
  let isData = false;
  const { port, engine } = setUp((text) => {
    if (text === "ATD*99#\r" || text === "ATO\r") {
      isData = true;
      return "\r\nCONNECT\r\n";
    }
    if (text === "+++") isData = false;
    return text === "+++" || (!isData && text === "AT+CSQ\r") ? "\r\nOK\r\n" : undefined;
  });
  engine.send("ATD*99#");
  port.advance(100);
  let closed = 0;
  let writable = 0;
  engine.dataPort.attach({
    serialInput() {},
    serialWritable: () => void writable++,
    serialLinesChanged() {},
    serialClosed: () => void closed++,
  });
  return { port, engine, told: () => [closed, writable] };
}

Deno.test("pauseData(): +++, commands, ATO; who reads the data is not told, and is called when there is room (V.250 §6.3.7)", () => {
  const { port, engine, told } = dialled();
  const outcomes: PauseOutcome[] = [];
  let signal = "";
  pauseData(engine, (resume) => {
    assertEquals(engine.dataPort.write(new Uint8Array(3)), 0);
    engine.send("AT+CSQ", (reply) => {
      signal = reply.status;
      resume();
      resume();
    });
  }, (outcome) => void outcomes.push(outcome));
  port.advance(10_000);
  assertEquals([outcomes, signal, engine.mode], [["resumed"], "ok", "data"]);
  assertEquals(told(), [0, 1]);
  assertEquals(engine.dataPort.write(new Uint8Array(3)), 3);
});

Deno.test("pauseData(): a connection that does not come back is told to who reads the data (V.250 §6.3.7)", () => {
  const { port, engine, told } = dialled();
  const answer = port.reply!;
  port.reply = (text) => text === "ATO\r" ? "\r\nNO CARRIER\r\n" : answer(text);
  const outcomes: PauseOutcome[] = [];
  pauseData(engine, (resume) => resume(), (outcome) => void outcomes.push(outcome));
  port.advance(10_000);
  assertEquals([outcomes, told()[0]], [["lost"], 1]);
});

Deno.test("AtEngine.onRaw keeps binary data between the lines for itself, all of it, some or none", () => {
  const { port, engine } = setUp(() => undefined);
  const replies: string[] = [];
  const seen: [number, boolean][] = [];
  engine.onRaw = (bytes, isCommandUnderWay) => {
    seen.push([bytes.length, isCommandUnderWay]);
    return bytes[0] === 0x21 ? Number(String.fromCharCode(bytes[1]!)) + 2 : 0; // "!3" and three bytes
  };
  port.say("!3\x00\x01\x02");
  engine.send("AT+CSQ", (reply) => replies.push(reply.status, ...reply.lines));
  port.say("!1\x7f\r\n+CSQ: 9,99\r\n");
  port.say("\r\nOK\r\n");
  assertEquals(replies, ["ok", "+CSQ: 9,99"]);
  assertEquals(seen, [[5, false], [17, true], [6, true]]);
  assertEquals(engine.counters.noise, 0);
});
