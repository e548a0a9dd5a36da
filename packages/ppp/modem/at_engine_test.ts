import { assert, assertEquals, assertThrows } from "@std/assert";
import { NetError } from "@lightwire/netif/error";
import type { AtReply } from "./at_command.ts";
import { AtEngine } from "./at_engine.ts";
import type { AtEngineOptions } from "./at_engine_options.ts";
import { findBaudRate } from "./auto_baud.ts";
import { CarrierWatch } from "./carrier_watch.ts";
import type { EscapeOutcome } from "./escape_ladder.ts";
import { FakePort } from "./testdata/fake_port.ts";
import type { SerialSink } from "../serial_port.ts";

function setUp(options?: AtEngineOptions) {
  const port = new FakePort();
  const engine = new AtEngine(port, port.timers, options);
  const replies: AtReply[] = [];
  const keep = (reply: AtReply) => void replies.push(reply);
  return { port, engine, replies, keep };
}

/** A sink that keeps what it is told. */
class DataSink implements SerialSink {
  data: string = "";
  writable: number = 0;
  closed: number = 0;
  serialInput(bytes: Uint8Array): void {
    this.data += String.fromCharCode(...bytes);
  }
  serialWritable(): void {
    this.writable++;
  }
  serialLinesChanged(): void {}
  serialClosed(): void {
    this.closed++;
  }
}

function dial(): ReturnType<typeof setUp> & { data: DataSink } {
  const all = setUp();
  all.engine.send("ATD*99#", all.keep);
  all.port.say("\r\nCONNECT 9600\r\n");
  assertEquals(all.replies[0]!.status, "connect");
  const data = new DataSink();
  all.engine.dataPort.attach(data);
  all.port.take();
  return { ...all, data };
}

Deno.test("commands go out one by one, with a rest between them", () => {
  const { port, engine, replies, keep } = setUp();
  engine.send("AT+CSQ", keep);
  engine.send("ATI", keep);
  assertEquals(port.take(), "AT+CSQ\r");
  port.say("AT+CSQ\r\r\n+CSQ: 17,99\r\n\r\nOK\r\n");
  assertEquals([replies[0]!.status, replies[0]!.lines], ["ok", ["+CSQ: 17,99"]]);
  assertEquals(port.take(), "");
  port.advance(20);
  assertEquals(port.take(), "ATI\r");
  port.say("\r\n+CME ERROR: 10\r\n");
  assertEquals([replies[1]!.status, replies[1]!.result!.errorText], ["error", "SIM not inserted"]);
  assertEquals([engine.pending, engine.counters.echoes, port.timers.size], [0, 1, 1]);
  port.advance(20);
  assertEquals(port.timers.size, 0, "an idle engine holds no timer");
});

Deno.test("a time-out, attempts, and a late result that no longer counts", () => {
  const { port, engine, replies, keep } = setUp();
  engine.send({ text: "AT+CIMI", attempts: 2, timeoutMs: 1000, retryDelayMs: 500 }, keep);
  engine.send("AT", keep);
  port.advance(2499);
  assertEquals(port.take(), "AT+CIMI\rAT+CIMI\r");
  port.advance(1);
  assertEquals([replies[0]!.status, replies[0]!.attempts, replies[0]!.elapsedMs], ["timeout", 2, 2500]);
  port.say("\r\nERROR\r\n");
  assertEquals(engine.counters.strayResults, 1);
  port.advance(250);
  assertEquals(port.take(), "AT\r");
  port.say("OK\r\n");
  assertEquals(replies[1]!.status, "ok");
  assertEquals([engine.counters.timeouts, engine.counters.commands], [2, 3]);
});

Deno.test("a busy SIM is asked again", () => {
  const { port, engine, replies, keep } = setUp();
  const isRetried = (reply: AtReply) => reply.result?.errorCode === 14;
  engine.send({ text: "AT+CPIN?", attempts: 5, isRetried }, keep);
  port.say("+CME ERROR: 14\r\n");
  assertEquals(replies.length, 0);
  port.advance(500);
  port.say("+CPIN: READY\r\nOK\r\n");
  assertEquals([replies[0]!.attempts, replies[0]!.lines], [2, ["+CPIN: READY"]]);
});

Deno.test("abort sends a character and waits for the result (V.250 §5.6.1)", () => {
  const { port, engine, replies, keep } = setUp();
  engine.send({ text: "ATD*99#", timeoutMs: 60000 }, keep);
  engine.abort();
  assertEquals(port.take(), "ATD*99#\r\r");
  port.say("\r\nNO CARRIER\r\n");
  assertEquals([replies[0]!.status, replies[0]!.result!.code], ["aborted", "NO_CARRIER"]);
  port.advance(1000);
  engine.send("AT", keep);
  engine.abort();
  port.advance(2000);
  assertEquals(replies[1]!.status, "aborted");
});

Deno.test("a prompt is answered, and taken back when nothing follows (3GPP TS 27.005 §3.5.1)", () => {
  const { port, engine, replies, keep } = setUp();
  engine.send({ text: 'AT+CMGS="1"', promptText: "hello" }, keep);
  port.say("\r\n> ");
  assertEquals(port.take(), 'AT+CMGS="1"\rhello\x1a');
  port.say("hello\r\n+CMGS: 7\r\n\r\nOK\r\n");
  assertEquals(replies[0]!.lines, ["+CMGS: 7"]);
  port.advance(100);
  engine.send({ text: 'AT+CMGS="1"', promptText: "hello" }, keep);
  port.take();
  port.advance(1000);
  assertEquals([port.take(), replies[1]!.status], ["\x1b", "timeout"]);
});

Deno.test("limits: queue, lines, length, line ends", () => {
  const { port, engine, replies, keep } = setUp({ maxQueue: 1, maxLines: 2, maxLineBytes: 32 });
  engine.send("AT+CNUM", keep);
  engine.send("ATI", keep);
  assertEquals(assertThrows(() => engine.send("AT"), NetError).code, "NO_BUFFERS");
  assertThrows(() => engine.send("AT\rATH"), TypeError);
  port.say("a: 1\r\na: 2\r\na: 3\r\nOK\r\n");
  port.advance(20);
  port.say("x".repeat(40) + "\r\nOK\r\n");
  assertEquals(replies.map((r) => [r.status, r.lines.length]), [["too-long", 2], ["too-long", 0]]);
});

Deno.test("a full port gets the rest later; secrets stay out of the trace", () => {
  const { port, engine, replies, keep } = setUp();
  const trace: string[] = [];
  engine.onTrace = (entry) => trace.push(entry.text);
  port.room = 5;
  engine.send({ text: 'AT+CPIN="1234"', isSecret: true }, keep);
  assertEquals(port.take(), "AT+CP");
  port.room = 100;
  engine.serialWritable();
  assertEquals(port.take(), 'IN="1234"\r');
  port.say('AT+CPIN="1234"\r\r\nOK\r\n');
  port.advance(20);
  engine.send({ text: "AT+CIMI", isReplySecret: true }, keep);
  port.say("AT+CIMI\r\r\n262011234567890\r\n\r\nOK\r\n");
  assertEquals(replies[1]!.lines, ["262011234567890"]);
  assertEquals(trace, ["AT+CPIN=(hidden)", "OK", "AT+CIMI", "(hidden)", "OK"]);
});

Deno.test("CONNECT opens the data port; early bytes wait for the sink", () => {
  const { port, engine, keep } = setUp();
  engine.send("ATD*99#", keep);
  assertEquals(engine.dataPort.write(new Uint8Array(3)), 0);
  port.say("\r\nCONNECT\r\n~early");
  const data = new DataSink();
  engine.dataPort.attach(data);
  assertEquals(data.data, "");
  port.advance(0);
  port.say("\n~late");
  assertEquals(data.data, "~early\n~late");
  port.take();
  assertEquals(engine.dataPort.write(new TextEncoder().encode("abc"), 1), 2);
  assertEquals([port.take(), engine.mode], ["bc", "data"]);
  engine.serialWritable();
  assertEquals(data.writable, 1);
});

Deno.test("NO CARRIER between frames ends the connection; inside of one it is data, unless silence follows", () => {
  const { port, engine, data } = dial();
  let lost = 0;
  engine.onCarrierLost = () => lost++;
  port.say("~x\r\nNO CARRIER\r\ny~");
  port.advance(5000);
  assertEquals([engine.mode, lost], ["data", 0]);
  port.say("~xy~\r\n\r\nNO CAR");
  port.say("RIER\r\n");
  assertEquals([engine.mode, lost, data.closed], ["command", 1, 1]);
  const second = dial();
  second.port.say("~cut off\r\nNO CARRIER\r\n");
  assertEquals(second.engine.mode, "data");
  second.port.advance(1000);
  assertEquals([second.engine.mode, second.data.closed], ["command", 1]);
  const watch = new CarrierWatch();
  assert(watch.push(new TextEncoder().encode("\r\nNO CARRIER\r\n")));
});

Deno.test("the fall of DCD ends the connection", () => {
  const { port, engine, data } = dial();
  const lines = { dcd: true, cts: true, dsr: true, ri: false };
  port.sink!.serialLinesChanged(lines);
  port.sink!.serialLinesChanged({ ...lines, dcd: false });
  assertEquals([engine.mode, data.closed], ["command", 1]);
});

Deno.test("escape keeps the guard times, and ATO resumes", () => {
  const { port, engine, data, keep, replies } = dial();
  let outcome: EscapeOutcome | undefined;
  engine.escape((o) => outcome = o);
  assertEquals(engine.dataPort.write(new Uint8Array(1)), 0);
  port.say("~\x01\x02frame~");
  port.advance(1099);
  assertEquals(port.take(), "");
  port.advance(1);
  assertEquals(port.take(), "+++");
  port.say("~tail~\r\nOK\r\n");
  assertEquals(outcome, { isCommandMode: true, by: "escape", isHungUp: false });
  assertEquals([engine.mode, data.closed], ["command", 0]);
  port.advance(250);
  engine.send("ATO", keep);
  port.say("\r\nCONNECT\r\n~more");
  assertEquals([replies.at(-1)!.status, engine.mode, data.data], ["connect", "data", "~more"]);
});

Deno.test("escape goes on to a question and to DTR; all times are bounded", () => {
  const { port, engine, data } = dial();
  port.inputLines = { dcd: true, cts: true, dsr: true, ri: false };
  let outcome: EscapeOutcome | undefined;
  engine.escape((o) => outcome = o, { goodbye: new Uint8Array([0x21]) });
  assertThrows(() => engine.escape(() => {}), NetError);
  port.advance(11_000);
  assertEquals(port.take(), "!++++++\rAT\r");
  port.advance(2000);
  assertEquals(port.log, ["discard", "dtr false", "dtr true"]);
  port.say("\r\nNO CARRIER\r\n");
  port.say("\r\nOK\r\n");
  assertEquals(outcome, { isCommandMode: true, by: "dtr", isHungUp: true });
  assertEquals([engine.mode, data.closed], ["command", 1]);
});

Deno.test("abort ends an escape at once, with DTR high and nothing more to be sent", () => {
  for (const afterMs of [500, 2000, 10_700]) {
    const { port, engine } = dial();
    port.inputLines = { dcd: true, cts: true, dsr: true, ri: false };
    let outcome: EscapeOutcome | undefined;
    engine.escape((o) => outcome = o);
    port.advance(afterMs);
    port.take();
    engine.abort();
    const isLow = afterMs === 10_700;
    assertEquals(outcome, { isCommandMode: false, by: undefined, isHungUp: isLow });
    assertEquals(port.log.filter((line) => line.startsWith("dtr")), isLow ? ["dtr false", "dtr true"] : []);
    assertEquals([engine.mode, port.timers.size, port.take()], ["data", 0, ""]);
  }
});

Deno.test("a failed escape goes back to data mode", () => {
  const { port, engine, data } = dial();
  let outcome: EscapeOutcome | undefined;
  engine.escape((o) => outcome = o, { attempts: 1 });
  port.advance(30_000);
  assertEquals(outcome, { isCommandMode: false, by: undefined, isHungUp: false });
  port.say("~x");
  assertEquals([engine.mode, data.data, data.writable], ["data", "~x", 1]);
});

Deno.test("a modem left in data mode is noticed", () => {
  const { port, engine } = setUp();
  const foreign: string[] = [];
  engine.onForeign = (protocol) => foreign.push(protocol);
  engine.send("AT");
  port.say("~\xff}#\xc0!}!");
  assertEquals(foreign, ["ppp"]);
});

Deno.test("a port that goes away ends everything once", () => {
  const { port, engine, replies, keep } = setUp();
  let closed = 0;
  engine.onClosed = () => closed++;
  engine.send("AT", keep);
  engine.send("ATI", keep);
  port.sink!.serialClosed(undefined);
  port.sink!.serialClosed(undefined);
  assertEquals([replies.map((r) => r.status), closed, port.timers.size], [["closed", "closed"], 1, 0]);
  assertEquals(assertThrows(() => engine.send("AT"), NetError).code, "CLOSED");
  const other = setUp();
  other.engine.send("AT", other.keep);
  other.engine.close();
  other.port.advance(10_000);
  assertEquals([other.replies.length, other.port.log], [0, ["close"]]);
});

Deno.test("auto-baud tries speeds until one is answered", () => {
  const { port, engine } = setUp();
  port.reply = () => port.baud === 460800 ? "\r\nOK\r\n" : "\xff\x80";
  let found: number | undefined = 0;
  findBaudRate(engine, (baud) => found = baud, { rates: [115200, 3_000_000, 460800] });
  port.advance(5000);
  assertEquals([found, port.log], [460800, ["baud 115200", "baud 460800"]]);
  port.reply = undefined;
  findBaudRate(engine, (baud) => found = baud, { rates: [9600] });
  port.advance(5000);
  assertEquals(found, undefined);
});
