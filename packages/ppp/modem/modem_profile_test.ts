import { assertEquals } from "@std/assert";
import { parseInformation } from "./at_sim.ts";
import { findProfile } from "./modem_profile.ts";

Deno.test("a modem's words about itself pick its profile", () => {
  const words: [string[], string, string][] = [
    [["Manufacturer: SIMCOM INCORPORATED", "Model: SIMCOM_SIM7600E-H", "Revision: V2"], "SIM7600", "AT+CPOF"],
    [["SIM800 R14.18"], "SIM800", "AT+CPOWD=1"],
    [["Quectel", "BG96", "Revision: BG96MAR02A07M1G"], "Quectel", "AT+QPOWD=1"],
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
