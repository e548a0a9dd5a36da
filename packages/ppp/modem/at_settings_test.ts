import { assertEquals, assertThrows } from "@std/assert";
import * as settings from "./at_settings.ts";
import * as radio from "./at_radio.ts";
import * as sms from "./at_sms.ts";
import { traceText } from "./at_command.ts";

Deno.test("settings of the line: echo, profile, speed, flow control, errors (V.250 §6.2, 3GPP TS 27.007 §9.1)", () => {
  assertEquals([settings.setEcho(false).text, settings.setEcho(true).text], ["ATE0", "ATE1"]);
  assertEquals(settings.STORE_PROFILE.text, "AT&W");
  assertEquals(settings.setModemBaudRate(921600).text, "AT+IPR=921600");
  assertThrows(() => settings.setModemBaudRate(-1), RangeError);
  assertEquals(settings.setFlowControl("rtscts").text, "AT+IFC=2,2");
  assertEquals(settings.setFlowControl("none", "xonxoff").text, "AT+IFC=0,1");
  assertEquals(settings.setErrorReports("words").text, "AT+CMEE=2");
  assertEquals(settings.setRegistrationReports("CEREG", "place").text, "AT+CEREG=2");
});

Deno.test("network: radio, operator, attachment, contexts (3GPP TS 27.007 §7.3, §8.2, §10.1)", () => {
  assertEquals(settings.QUERY_RADIO.read(["+CFUN: 4"]), "flight");
  assertEquals(settings.QUERY_RADIO.read(["+CFUN: 9"]), undefined);
  assertEquals([settings.setRadio("full").text, settings.setRadio("minimal").text], [
    "AT+CFUN=1",
    "AT+CFUN=0",
  ]);
  assertEquals(settings.CHOOSE_OPERATOR.text, "AT+COPS=0");
  assertEquals(settings.chooseOperator("26201", 7).text, 'AT+COPS=1,2,"26201",7');
  assertEquals(settings.chooseOperator("Testnet").text, 'AT+COPS=1,0,"Testnet"');
  assertEquals(settings.setAttach(true).text, "AT+CGATT=1");
  assertEquals(settings.setContextActive(2, false).text, "AT+CGACT=0,2");
  const secret = settings.setContextAuthentication(1, "chap", "u", "geheim");
  assertEquals([secret.text, traceText(secret)], ['AT+CGAUTH=1,2,"u","geheim"', "AT+CGAUTH=(hidden)"]);
  assertEquals(settings.setContextAuthentication(1, "none").text, "AT+CGAUTH=1,0");
});

Deno.test("radio: preferences, bands, sleeping, satellites, battery (3GPP TS 27.007 §7.38, §7.40, §8.4)", () => {
  assertEquals(radio.QUERY_SYSTEM_MODE.read(["+CNSMOD: 0,8"]), "LTE");
  assertEquals(radio.setNetworkPreference("lte").text, "AT+CNMP=38");
  assertEquals(radio.setIotPreference("NB-IoT").text, "AT+CMNB=2");
  assertEquals(radio.setIotBands("CAT-M", [8, 20]).text, 'AT+CBANDCFG="CAT-M",8,20');
  assertThrows(() => radio.setIotBands("NB-IOT", []), RangeError);
  assertEquals(radio.setBandMasks(0x380n, 1n).text, "AT+CNBP=0x0000000000000380,0x0000000000000001");
  // 3GPP TS 24.008 §10.5.7.4a: ten hours are ten times unit 1; ten seconds are five times unit 0 of T3324.
  assertEquals(radio.setPowerSaving(36_000, 10).text, 'AT+CPSMS=1,,,"00101010","00000101"');
  assertEquals(radio.setPowerSaving(86_400, 60).text, 'AT+CPSMS=1,,,"00111000","00011110"');
  assertThrows(() => radio.setPowerSaving(1e9, 10), RangeError);
  assertEquals(radio.setDiscontinuousReception(4, 5).text, 'AT+CEDRXS=1,4,"0101"');
  assertEquals(radio.setDiscontinuousReception(5, undefined).text, "AT+CEDRXS=0,5");
  assertEquals(radio.QUERY_GNSS_POWER.read(["+CGNSPWR: 1"]), true);
  assertEquals(radio.setGnssPower(false).text, "AT+CGNSPWR=0");
  assertEquals(radio.parseBattery(["+CBC: 0,78,3921"]), { state: "in use", percent: 78, millivolts: 3921 });
  assertEquals(radio.parseBattery(["+CBC: 3.823V"]), {
    state: "unknown",
    percent: undefined,
    millivolts: 3823,
  });
  assertEquals(radio.parseBattery(["+CBC: x"]), undefined);
});

Deno.test("SMS: text mode, alphabet, sending at the prompt, reading (3GPP TS 27.005 §3)", () => {
  assertEquals([sms.SMS_TEXT_MODE.text, sms.setCharacterSet("GSM").text], ["AT+CMGF=1", 'AT+CSCS="GSM"']);
  const command = sms.sendSms("+15550123", "Hello");
  assertEquals([command.text, command.promptText], ['AT+CMGS="+15550123",145', "Hello"]);
  assertEquals(command.timeoutMs, 120_000);
  assertEquals(sms.parseSentReference(["+CMGS: 12"]), 12);
  assertThrows(() => sms.sendSms("you", "x"), TypeError);
  assertThrows(() => sms.sendSms("123", "\x1a"), TypeError);
  assertThrows(() => sms.sendSms("123", "x".repeat(161)), TypeError);
  const lines = [
    '+CMGL: 1,"REC UNREAD","+15550123",,"26/01/01,12:00:00+04"',
    "two",
    "lines",
    '+CMGL: 2,"STO SENT","42",,',
    "x",
  ];
  assertEquals(sms.parseMessages(lines), [
    { index: 1, status: "REC UNREAD", number: "+15550123", time: "26/01/01,12:00:00+04", text: "two\nlines" },
    { index: 2, status: "STO SENT", number: "42", time: "", text: "x" },
  ]);
  assertEquals(sms.deleteSms(3).text, "AT+CMGD=3");
});
