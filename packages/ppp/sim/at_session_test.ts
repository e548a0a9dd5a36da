import { assertEquals } from "@std/assert";
import { Terminal } from "./testdata/terminal.ts";

Deno.test("command state: echo, results in words, and their frames of CR and LF (V.250 §5.7)", () => {
  const terminal = new Terminal().settle();
  assertEquals(terminal.type("AT"), "AT\r\r\nOK\r\n");
  assertEquals(terminal.type("ATE0"), "ATE0\r\r\nOK\r\n");
  assertEquals(terminal.type("AT+CSQ"), "\r\n+CSQ: 21,99\r\n\r\nOK\r\n");
  assertEquals(terminal.type("ATV0"), "0\r");
  assertEquals(terminal.type("AT+CSQ"), "+CSQ: 21,99\r\n0\r");
  assertEquals(terminal.type("ATO9"), "3\r");
  assertEquals(terminal.type("ATQ1"), "");
  assertEquals(terminal.type("AT"), "");
  assertEquals(terminal.type("AT&FE0"), "\r\nOK\r\n");
  assertEquals(terminal.type("AT!"), "\r\nERROR\r\n");
});

Deno.test("command state: several commands in a line stop at the first that fails (V.250 §5.6)", () => {
  const terminal = new Terminal().settle();
  assertEquals(terminal.ask("ATE0V1&C1;+CMEE=2"), ["OK"]);
  assertEquals(terminal.ask("AT+CMEE?;+CSQ"), ["+CMEE: 2", "+CSQ: 21,99", "OK"]);
  assertEquals(terminal.ask("AT+CSQ;+CBAD;+CMEE?"), ["+CSQ: 21,99", "+CME ERROR: operation not supported"]);
});

Deno.test("command state: A/ repeats, backspace corrects, noise in front of AT is passed over (V.250 §5.2)", () => {
  const terminal = new Terminal().settle();
  assertEquals(terminal.ask("ATE0"), ["OK"]);
  assertEquals(terminal.ask("at+cfun?"), ["+CFUN: 1", "OK"]);
  terminal.text = "";
  terminal.write("A/");
  terminal.sim.advance(400);
  assertEquals(terminal.text, "\r\n+CFUN: 1\r\n\r\nOK\r\n");
  assertEquals(terminal.ask("AT+CFUX\bN?"), ["+CFUN: 1", "OK"]);
  assertEquals(terminal.ask("~\x00}AT"), ["OK"]);
  assertEquals(terminal.ask("hello"), []);
  assertEquals(terminal.ask(`AT${"X".repeat(2000)}`), ["ERROR"]);
});

Deno.test("command state: S registers are read, set, and bounded (V.250 §6.2)", () => {
  const terminal = new Terminal().settle();
  assertEquals(terminal.ask("ATS7?"), ["060", "OK"]);
  assertEquals(terminal.ask("ATS7=30S7?"), ["030", "OK"]);
  assertEquals(terminal.ask("ATS7=256"), ["ERROR"]);
  assertEquals(terminal.ask("ATS99?"), ["ERROR"]);
  assertEquals(terminal.ask("ATS3=33"), ["OK"]); // lines end with an exclamation mark from now on
  terminal.text = "";
  terminal.write("ATS3=13!");
  terminal.sim.advance(100);
  assertEquals(terminal.text, "ATS3=13!\r\nOK\r\n");
});

Deno.test("command state: what comes in the middle of a command waits for its result", () => {
  const terminal = new Terminal().settle();
  terminal.text = "";
  terminal.write("AT+C");
  terminal.sim.advance(10);
  terminal.modem.say("RING");
  terminal.write("SQ\r");
  terminal.sim.advance(100);
  assertEquals(terminal.text, "AT+CSQ\r\r\n+CSQ: 21,99\r\n\r\nOK\r\n\r\nRING\r\n");
});
