/** A modem takes whatever is typed at it. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { LINK_CAUSES } from "../modem/link_cause.ts";
import { MODEM_MODELS, type ModemModelName } from "./modem_model.ts";
import { Terminal } from "./testdata/terminal.ts";

const PIECES: readonly string[] = [
  ...'AT \r\n\b;=?,"+&*#/\x1a\x1b~\x7e\xf9ADEVHOSZ0129'.split(""),
  "AT+CMUX=0\r",
  "AT+CPIN=",
  "ATD*99#\r",
  'AT+CMGF=1;+CMGS="1234"\r',
  'AT+CGDCONT=1,"IP","x"\r',
  "AT+CGACT=1,1\r",
  'AT+CUSD=1,"*100#",15\r',
  "AT+CFUN=1,1\r",
  "AT+COPS=?\r",
  "AT+IPR=9600\r",
  "+++",
  "ATH\r",
  "ATO\r",
  "A/",
  "\xf9\x03\x3f\x01\x1c\xf9",
  "\xf9\x07\x3f\x01\xde\xf9",
];

const pieces = fc.array(fc.constantFrom(...PIECES), { maxLength: 60 });
const pauses = fc.array(fc.constantFrom(0, 0, 1, 30, 400, 1100), { minLength: 1, maxLength: 20 });
const models = fc.constantFrom(...(Object.keys(MODEM_MODELS) as ModemModelName[]));
const faults = fc.option(fc.constantFrom(...LINK_CAUSES), { nil: undefined });

Deno.test("property: whatever is typed, in whatever pieces, a modem neither throws nor hangs nor leaks", () => {
  fc.assert(
    fc.property(pieces, pauses, models, faults, fc.boolean(), (texts, waits, model, fault, isNoisy) => {
      const terminal = new Terminal({ model, isNoisy, ...(fault === undefined ? {} : { fault }) });
      const { sim, modem } = terminal;
      texts.forEach((text, i) => {
        modem.port.write(Uint8Array.from(text, (char) => char.charCodeAt(0)));
        if (i % 7 === 3) modem.port.setOutputLines({ dtr: i % 2 === 0, rts: true });
        if (i % 11 === 5) modem.ring();
        if (i % 13 === 6) modem.loseCarrier();
        sim.advance(waits[i % waits.length]!);
      });
      sim.advance(5000);
      assert(terminal.bytes.length < 200_000);
      modem.close();
      assertEquals(sim.timers.size, 0);
      assertEquals(sim.pool.inUse, 0);
    }),
    { numRuns: 300 },
  );
});

Deno.test("property: after any octets a line end and AT bring a modem in command mode back to its senses", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const terminal = new Terminal().settle();
      const text = String.fromCharCode(...bytes).replace(/AT/gi, "..");
      terminal.write(text.replace(/[\x80-\xff]/g, "."));
      terminal.sim.advance(100);
      assertEquals(terminal.ask("").includes("x"), false);
      assertEquals(terminal.ask("ATE0").at(-1), "OK");
      assertEquals(terminal.ask("AT"), ["OK"]);
      terminal.modem.close();
    }),
    { numRuns: 100 },
  );
});
