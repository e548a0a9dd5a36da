import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { type AtEvent, AtParser } from "./at_parser.ts";
import { parseResult } from "./at_result.ts";

const encoder = new TextEncoder();

/** A short form of events. */
function brief(event: AtEvent): string {
  switch (event.type) {
    case "result":
      return `=${event.result.code}`;
    case "line":
      return `-${event.text}`;
    case "unsolicited":
      return `!${event.text}`;
    case "echo":
      return `<${event.text}`;
    case "noise":
      return `?${event.reason}`;
    case "foreign":
      return `~${event.protocol}`;
    case "prompt":
      return ">";
  }
}

function parse(text: string | Uint8Array, command?: string, setUp?: (parser: AtParser) => void): string[] {
  const events: string[] = [];
  const parser = new AtParser((event) => events.push(brief(event)));
  parser.setCommand(command);
  setUp?.(parser);
  parser.push(typeof text === "string" ? encoder.encode(text) : text);
  return events;
}

Deno.test("reply with echo, CR LF, doubled CR and CR only (V.250 §5.7)", () => {
  const wanted = ["<AT+CSQ", "-+CSQ: 17,99", "=OK"];
  assertEquals(parse("AT+CSQ\r\r\n+CSQ: 17,99\r\n\r\nOK\r\n", "AT+CSQ"), wanted);
  assertEquals(parse("AT+CSQ\r\r\r\n+CSQ: 17,99\r\r\n\r\r\nOK\r\r\n", "AT+CSQ"), wanted);
  assertEquals(parse("AT+CSQ\r+CSQ: 17,99\rOK\r", "AT+CSQ"), wanted);
  assertEquals(parse("\r\n+CSQ: 17,99\r\n\r\nOK\r\n", "AT+CSQ"), wanted.slice(1));
});

Deno.test("unsolicited codes between the lines of a reply", () => {
  assertEquals(
    parse('\r\n+CREG: 5,"1A2B","0C0D"\r\n\r\n+CSQ: 9,0\r\n\r\nRING\r\n\r\nOK\r\n', "AT+CSQ"),
    ['!+CREG: 5,"1A2B","0C0D"', "-+CSQ: 9,0", "!RING", "=OK"],
  );
  assertEquals(
    parse('+CREG: 2\r\n+CREG: 2,5,"1A2B","0C0D"\r\n+CREG: 1,"1A2B"\r\nOK\r\n', "AT+CREG?"),
    ["!+CREG: 2", '-+CREG: 2,5,"1A2B","0C0D"', '!+CREG: 1,"1A2B"', "=OK"],
  );
  assertEquals(parse("\r\n+CREG: 2\r\n\r\nOK\r\n", "AT+CREG=1"), ["!+CREG: 2", "=OK"]);
  assertEquals(parse('+CMT: "+49",,"26"\r\nOK\r\nOK\r\n', "AT"), ['!+CMT: "+49",,"26"', "!OK", "=OK"]);
  assertEquals(parse("\r\nanything\r\n"), ["!anything"]);
});

Deno.test("a list of commands is no echo", () => {
  assertEquals(parse("AT+CLAC\r\r\nAT+CSQ\r\nAT+CIMI\r\nOK\r\n", "AT+CLAC"), [
    "<AT+CLAC",
    "-AT+CSQ",
    "-AT+CIMI",
    "=OK",
  ]);
});

Deno.test("numeric result codes (V.250 §5.7.1)", () => {
  assertEquals(parse("ATE0\r0\r", "ATE0"), ["<ATE0", "=OK"]);
  assertEquals(parse("4\r", "ATZ"), ["=ERROR"]);
  assertEquals(parse("0\r\n", "ATS0?"), ["-0"], "a register's value is no result");
  assertEquals(parse("2\r+CSQ: 1,2\r\n0\r", "AT+CSQ", (p) => p.isNumeric = true), [
    "!2",
    "-+CSQ: 1,2",
    "=OK",
  ]);
});

Deno.test("errors and their texts (3GPP TS 27.007 §9.2, 3GPP TS 27.005 §3.2.5)", () => {
  assertEquals(parseResult("+CME ERROR: 10")!.errorText, "SIM not inserted");
  const text = parseResult("+CME ERROR: SIM PIN required")!;
  assertEquals([text.errorCode, text.errorText], [11, "SIM PIN required"]);
  assertEquals(parseResult("+CMS ERROR: 500")!.errorText, "unknown error");
  assertEquals(parseResult("+CME ERROR: 9999")!.errorText, undefined);
  assertEquals(parseResult("+CME ERROR")!.code, "CME_ERROR");
  assertEquals(parseResult("+CMEX"), undefined);
  assertEquals(parse("NO CARRIER\r\n", "ATD*99#"), ["=NO_CARRIER"]);
  assertEquals(parse("NO DIAL TONE\r\nBUSY\r\n", "ATD*99#"), ["=NO_DIALTONE", "=BUSY"]);
});

Deno.test("CONNECT leaves the data behind it", () => {
  const bytes = encoder.encode("ATD*99#\r\r\nCONNECT 150000000\r\n~\x7f");
  for (let cut = 0; cut <= bytes.length; cut++) {
    const events: AtEvent[] = [];
    const parser = new AtParser((event) => events.push(event));
    parser.setCommand("ATD*99#");
    const first = parser.push(bytes, 0, cut);
    const second = parser.push(bytes, first);
    assertEquals(second, bytes.length - 2, `cut at ${cut}`);
    assert(parser.isData);
    assertEquals(events.at(-1), {
      type: "result",
      result: {
        code: "CONNECT",
        text: "CONNECT 150000000",
        speed: 150000000,
        errorCode: undefined,
        errorText: undefined,
      },
    });
  }
  assertEquals(parseResult("CONNECTION"), undefined);
});

Deno.test("a prompt is one only where it is awaited", () => {
  assertEquals(parse("\r\n> ", 'AT+CMGS="1"', (p) => p.expectsPrompt = true), [">"]);
  assertEquals(parse("\r\n>\r\nOK\r\n", 'AT+CMGS="1"', (p) => p.expectsPrompt = true), [">", "=OK"]);
  assertEquals(parse("> x\r\n", "ATI"), ["-> x"]);
});

Deno.test("noise is dropped and foreign protocols are named", () => {
  assertEquals(parse(new Uint8Array([0xff, 0x80, 0x4f, 0x4b, 13, 10]), "AT"), ["=OK"], "glitch before OK");
  assertEquals(parse("a\x01b\r\n\r\nOK\r\n", "AT"), ["?binary", "=OK"]);
  assertEquals(parse("x".repeat(5000) + "\r\nOK\r\n", "AT"), ["?too-long", "=OK"]);
  assertEquals(parse(new Uint8Array([0x7e, 0xff, 0x7d, 0x23, 0x7e, 0xff, 0x03])), ["~ppp"]);
  assertEquals(parse(new Uint8Array([0xf9, 0x03, 0x3f, 0x01, 0x1c, 0xf9])), ["~cmux"]);
  assertEquals(parse('+COPS: 0,0,"Ålands",7\r\n', "AT+COPS?"), ['-+COPS: 0,0,"Ålands",7']);
  assertThrows(() => new AtParser(() => {}, { maxLineBytes: 3 }), RangeError);
});

const pieces = fc.constantFrom(
  "\r\n",
  "\r",
  "OK\r\n",
  "AT+CSQ\r",
  "+CSQ: 1,2\r\n",
  "+CME ERROR: 3\r\n",
  "> ",
  "RING\r",
  "CONNECT 9600\r\n",
  "~\xff}#",
  '+CMT: "1"\r\n',
  "0\r",
  "NO CARRIER\r\n",
);
const stream = fc.array(fc.oneof(pieces, fc.string({ maxLength: 40 })), { maxLength: 25 }).map((parts) =>
  Uint8Array.from(parts.join(""), (c) => c.charCodeAt(0) & 0xff)
);

Deno.test("property: any chunking gives the same events and the same data", () => {
  const run = (bytes: Uint8Array, cuts: readonly number[]) => {
    const events: AtEvent[] = [];
    const data: number[] = [];
    const parser = new AtParser((event) => events.push(event), { maxLineBytes: 32 });
    parser.setCommand("AT+CSQ");
    parser.expectsPrompt = true;
    let at = 0;
    for (const cut of [...cuts.map((c) => Math.min(c, bytes.length)).sort((a, b) => a - b), bytes.length]) {
      if (cut <= at) continue;
      const chunk = bytes.slice(at, cut);
      data.push(...chunk.subarray(parser.push(chunk)));
      at = cut;
    }
    return { events, data, dropped: parser.droppedBytes };
  };
  fc.assert(
    fc.property(stream, fc.array(fc.nat(400), { maxLength: 30 }), (bytes, cuts) => {
      assertEquals(run(bytes, cuts), run(bytes, []));
    }),
    { numRuns: 200 },
  );
});

Deno.test("property: random bytes never throw, and events stay within the limits", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), (bytes) => {
      const parser = new AtParser((event) => {
        if ("text" in event) assert(event.text.length <= 64);
      }, { maxLineBytes: 64 });
      const read = parser.push(bytes);
      assert(read <= bytes.length && (read === bytes.length || parser.isData));
    }),
    { numRuns: 100 },
  );
});
