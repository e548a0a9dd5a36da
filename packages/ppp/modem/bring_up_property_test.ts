import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { bringUpWith } from "./testdata/scripted_modem.ts";

/** What a modem out of its mind might say. */
const WORDS: readonly string[] = [
  "\r\nOK\r\n",
  "\r\nERROR\r\n",
  "\r\n+CME ERROR: 14\r\n",
  "\r\n+CPIN: READY\r\n\r\nOK\r\n",
  "\r\n+CPIN: SIM PIN\r\n\r\nOK\r\n",
  "\r\n+CSQ: 20,99\r\n\r\nOK\r\n",
  "\r\n+CEREG: 2,1\r\n\r\nOK\r\n",
  "\r\n+CEREG: 2,3\r\n\r\nOK\r\n",
  "\r\n+CGATT: 1\r\n\r\nOK\r\n",
  '\r\n+CGDCONT: 1,"IP","x"\r\n\r\nOK\r\n',
  "\r\nCONNECT 9600\r\n",
  "\r\nNO CARRIER\r\n",
  "\r\nBUSY\r\n",
  "\x7e\xff\x7d\x23\xc0\x21\x7d\x21\x7d\x21\x7e",
  "\xf9\x03\x73\x01\xd7\xf9",
];

Deno.test("property: a bring-up over a modem out of its mind ends with one cause, and with nothing left armed", () => {
  const word = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...WORDS) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }).map((bytes) => String.fromCharCode(...bytes)) },
    { weight: 1, arbitrary: fc.constant("") },
  );
  fc.assert(
    fc.property(
      fc.array(word, { minLength: 1, maxLength: 60 }),
      fc.boolean(),
      fc.nat(100),
      (words, cmux, stopAt) => {
        const { port, bringUp, ended, host } = bringUpWith({}, { cmux, pin: "1234", registrationMs: 5000 });
        let at = 0;
        port.reply = () => words[at++ % words.length];
        bringUp.start();
        for (let second = 0; second < 900 && ended.length === 0; second++) {
          if (second === stopAt * 3) bringUp.stop();
          port.advance(1000);
        }
        port.advance(5000);
        assertEquals(ended.length, 1);
        assert(ended[0]!.message.length > 0);
        assert(port.written.split('AT+CPIN="1234"').length <= 2, "the PIN was sent twice");
        assertEquals([host.timers.size, host.pool.inUse], [0, 0]);
      },
    ),
    // Stopped in the middle of "+++", which went on.
    { numRuns: 200, examples: [[["\x7e\xff\x7d\x23\xc0\x21\x7d\x21\x7d\x21\x7e"], false, 2]] },
  );
});
