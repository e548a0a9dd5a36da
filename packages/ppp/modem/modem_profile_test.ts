import { assertEquals } from "@std/assert";
import { parseInformation } from "./at_sim.ts";
import { findProfile } from "./modem_profile.ts";

Deno.test("a modem's words about itself pick its profile", () => {
  const words: [string[], string, string][] = [
    [["Manufacturer: SIMCOM INCORPORATED", "Model: SIMCOM_SIM7600E-H", "Revision: V2"], "SIM7600", "AT+CPOF"],
    [["SIM800 R14.18"], "SIM800", "AT+CPOWD=1"],
    [["Quectel", "BG96", "Revision: BG96MAR02A07M1G"], "BG96", "AT+QPOWD=1"],
    [["Quectel", "EC25", "Revision: EC25EFAR06A03M4G"], "Quectel", "AT+QPOWD=1"],
    [["SIM7070 R1951.02"], "SIM7000", "AT+CPOWD=1"],
    [["Sequans", "GM02S", "UE8.0.5.13"], "Sequans", "AT+SQNSSHDN"],
    [["SARA-R410M-02B"], "u-blox", "AT+CPWROFF"],
    [["FM-100"], "generic", "AT+CFUN=0"],
    [[], "generic", "AT+CFUN=0"],
  ];
  for (const [lines, name, powerOff] of words) {
    const profile = findProfile(parseInformation(lines));
    assertEquals([profile.name, profile.powerOff.text], [name, powerOff], lines.join(", "));
  }
  assertEquals(findProfile(parseInformation(["SIM800 R14.18"])).domains, ["CGREG", "CREG"]);
});

Deno.test("what makes do in their own way: dialling, contexts, battery, satellites", () => {
  const of = (...lines: string[]) => findProfile(parseInformation(lines));
  const context = { contextId: 1, type: "IP", apn: "internet" };
  assertEquals(of("FM-100").defineContext(context).text, 'AT+CGDCONT=1,"IP","internet"');
  assertEquals(of("Quectel", "BG96", "R").defineContext(context).text, 'AT+QICSGP=1,1,"internet"');
  assertEquals(
    of("Quectel", "BG96", "R").defineContext({ ...context, type: "PPP" }).text,
    'AT+CGDCONT=1,"PPP","internet"',
  );
  assertEquals([of("FM-100").dial(1).text, of("FM-100").dial(2).text], ["ATD*99#", "ATD*99***2#"]);
  assertEquals(of("SIM7070 R1951").dial(1).text, "ATD*99##");
  assertEquals(of("Sequans", "GM02S", "R").dial(1).text, 'AT+CGDATA="PPP",1');
  assertEquals(of("SARA-R410M").battery, undefined);
  assertEquals(of("Quectel", "EC25", "R").setGnss!(false).text, "AT+QGPSEND");
});
