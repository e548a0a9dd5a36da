import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { AtEngine } from "./at_engine.ts";
import * as commands from "./at_commands.ts";
import { parseOperator, parseRegistration, parseSignalQuality } from "./at_network.ts";
import { parseCause, parseContexts, parsePdpAddresses } from "./at_packet_data.ts";
import { parseIdentity, parseImei, parseImsi, parseInformation, parseSimState } from "./at_sim.ts";
import { splitValues } from "./at_values.ts";
import { FakePort } from "./testdata/fake_port.ts";

Deno.test("CSQ: bars and dBm (3GPP TS 27.007 §8.5)", () => {
  assertEquals(parseSignalQuality(["+CSQ: 17,99"]), {
    rssi: 17,
    dbm: -79,
    bars: 4,
    bitErrorClass: undefined,
  });
  assertEquals(parseSignalQuality(["+CSQ: 0,0"]), { rssi: 0, dbm: -113, bars: 0, bitErrorClass: 0 });
  assertEquals(parseSignalQuality(["+CSQ: 31,7"])!.bars, 5);
  assertEquals(parseSignalQuality(["+CSQ:99,99"])!.dbm, undefined);
  assertEquals(parseSignalQuality(["+CSQ: 141,99"])!.dbm, -75);
  assertEquals(parseSignalQuality(["+CSQ: x"]), undefined);
  assertEquals(parseSignalQuality([]), undefined);
});

Deno.test("CPIN: what the SIM wants (3GPP TS 27.007 §8.3)", () => {
  assertEquals(parseSimState(["+CPIN: READY"])!.status, "ready");
  assertEquals(parseSimState(["+CPIN:SIM PIN"])!.status, "pin");
  assertEquals(parseSimState(["+CPIN: SIM PUK"])!.status, "puk");
  assertEquals(parseSimState(["+CPIN: PH-NET PIN"])!.status, "locked");
  assertEquals(parseSimState(["+CPIN: NEW WORD"])!.status, "unknown");
  assertEquals(parseSimState(["OK"]), undefined);
});

Deno.test("CREG, CGREG, CEREG: each state has a meaning (3GPP TS 27.007 §7.2)", () => {
  assertEquals(parseRegistration('+CEREG: 2,5,"1A2B","01C0FFEE",7'), {
    domain: "CEREG",
    state: 5,
    verdict: "registered",
    meaning: "registered, roaming",
    isRoaming: true,
    area: 0x1a2b,
    cell: 0x01c0ffee,
    technology: "LTE",
  });
  assertEquals(parseRegistration('+CREG: 1,"1A2B","0C0D"')!.area, 0x1a2b);
  const verdicts = Array.from({ length: 13 }, (_, n) => parseRegistration(`+CGREG: 0,${n}`)!.verdict);
  assertEquals(verdicts.slice(0, 5), ["off", "registered", "searching", "denied", "unknown"]);
  assertEquals(verdicts[12], "unknown");
  assertEquals(parseRegistration("+CREG: 2")!.verdict, "searching");
  assertEquals(parseRegistration("+CREG: "), undefined);
  assertEquals(parseRegistration("+CSQ: 1,2"), undefined);
});

Deno.test("COPS: operator and access technology (3GPP TS 27.007 §7.3)", () => {
  assertEquals(parseOperator(['+COPS: 0,0,"A, B",7']), {
    mode: "automatic",
    operator: "A, B",
    isNumeric: false,
    technology: "LTE",
  });
  assertEquals(parseOperator(['+COPS: 1,2,"26201"'])!.isNumeric, true);
  assertEquals(parseOperator(["+COPS: 0"])!.operator, undefined);
  assertEquals(parseOperator(["+COPS: 9"]), undefined);
});

Deno.test("contexts, addresses, attachment, cause (3GPP TS 27.007 §10.1)", () => {
  assertEquals(
    parseContexts(['+CGDCONT: 1,"IP","internet","0.0.0.0",0,0', '+CGDCONT: 2,"IPV4V6",""', "junk"]),
    [
      { contextId: 1, type: "IP", apn: "internet", address: "0.0.0.0" },
      { contextId: 2, type: "IPV4V6", apn: "", address: undefined },
    ],
  );
  assertEquals(parsePdpAddresses(['+CGPADDR: 1,"10.1.2.3"', "+CGPADDR: 2,0.0.0.0", "+CGPADDR: 3"]), [
    { contextId: 1, addresses: ["10.1.2.3"] },
    { contextId: 2, addresses: [] },
    { contextId: 3, addresses: [] },
  ]);
  assertEquals(commands.QUERY_ATTACH.read(["+CGATT: 1"]), true);
  assertEquals(commands.QUERY_ATTACH.read(["+CGATT: 7"]), undefined);
  assertEquals(commands.QUERY_ACTIVE_CONTEXTS.read(["+CGACT: 1,1", "+CGACT: 2,0"]), [1]);
  assertEquals(parseCause(["+CEER: No cause information available"]), "No cause information available");
  assertEquals(parseCause([]), undefined);
});

Deno.test("identity, in the forms of several makers", () => {
  assertEquals(
    parseInformation([
      "Manufacturer: SIMCOM INCORPORATED",
      "Model: SIMCOM_SIM7600E",
      "Revision: V2",
      "IMEI: 86123",
    ]),
    { manufacturer: "SIMCOM INCORPORATED", model: "SIMCOM_SIM7600E", revision: "V2" },
  );
  assertEquals(parseInformation(["Quectel", "BG96", "Revision: BG96MAR02"]), {
    manufacturer: "Quectel",
    model: "BG96",
    revision: "BG96MAR02",
  });
  assertEquals(parseInformation(["SIM800 R14.18", "861234567890123"]).model, "SIM800 R14.18");
  assertEquals(parseIdentity(['+CGMM: "EC25"']), "EC25");
  assertEquals(parseIdentity([]), undefined);
});

Deno.test("IMEI and IMSI stay out of logs", () => {
  const imei = parseImei(['+CGSN: "861234567890123"'])!;
  assertEquals(imei.reveal(), "861234567890123");
  for (const text of [`${imei}`, JSON.stringify({ imei }), Deno.inspect(imei)]) {
    assert(!text.includes("234567890123"), text);
  }
  assertStringIncludes(`${parseImsi(["262011234567890"])}`, "262•••");
  assertEquals(parseImsi(["ERROR"]), undefined);
});

Deno.test("commands refuse what would break out of their quotes", () => {
  assertEquals(
    commands.defineContext({ contextId: 1, type: "IP", apn: "a.b" }).text,
    'AT+CGDCONT=1,"IP","a.b"',
  );
  assertThrows(() => commands.defineContext({ contextId: 1, type: "IP", apn: 'a"\rATH' }), TypeError);
  assertThrows(() => commands.defineContext({ contextId: 0, type: "IP", apn: "" }), RangeError);
  assertThrows(() => commands.enterPin("12"), TypeError);
  assertThrows(() => commands.enterPuk("1234", "1234"), TypeError);
  assert(commands.enterPuk("12345678", "1234").isSecret);
  assertEquals(commands.dialContext(3).text, "ATD*99***3#");
});

Deno.test("a query through the engine: the SIM is asked until it started", () => {
  const port = new FakePort();
  const engine = new AtEngine(port, port.timers);
  let count = 0;
  port.reply = () => ++count < 3 ? "+CME ERROR: SIM busy\r\n" : "+CPIN: SIM PIN\r\n\r\nOK\r\n";
  let status: string | undefined;
  engine.send(commands.QUERY_SIM.command, (reply) => {
    status = commands.readReply(commands.QUERY_SIM, reply)?.status;
  });
  port.advance(10_000);
  assertEquals([status, count], ["pin", 3]);
  const query = commands.queryRegistration("CEREG");
  let meaning: string | undefined;
  port.reply = () => "+CEREG: 0,3\r\n\r\nOK\r\n";
  engine.send(query.command, (reply) => meaning = commands.readReply(query, reply)?.verdict);
  port.advance(1000);
  assertEquals(meaning, "denied");
});

Deno.test("property: readers are total", () => {
  const prefix = fc.constantFrom(
    "+CSQ: ",
    "+CPIN: ",
    "+CREG: ",
    "+COPS: ",
    "+CGDCONT: ",
    "+CGPADDR: ",
    "+CGATT: ",
    "",
  );
  const line = fc.tuple(prefix, fc.oneof(fc.string(), fc.stringMatching(/^[0-9,"]{0,30}$/))).map((p) =>
    p.join("")
  );
  const queries = Object.values(commands).filter((value) => "read" in value && "command" in value);
  assert(queries.length > 10);
  fc.assert(
    fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
      for (const query of queries) (query as commands.AtQuery<unknown>).read(lines);
      for (const text of lines) {
        parseRegistration(text);
        assert(splitValues(text).length <= 64);
      }
    }),
    { numRuns: 200 },
  );
});
