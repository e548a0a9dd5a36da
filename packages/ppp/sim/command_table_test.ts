/** The commands of the simulated modem, group by group. */
import { assert, assertEquals } from "@std/assert";
import { MODEM_MODELS, type ModemModelName } from "./modem_model.ts";
import { Terminal } from "./testdata/terminal.ts";

/** A modem that has found its network, with texts for errors and no echo. */
function ready(options: ConstructorParameters<typeof Terminal>[0] = {}): Terminal {
  const terminal = new Terminal(options).settle();
  assertEquals(terminal.ask("ATE0+CMEE=2"), ["OK"]);
  return terminal;
}

/** Answers in one line each. */
function answers(terminal: Terminal, ...questions: string[]): string[] {
  return questions.map((question) => terminal.ask(question, 1000).join(" | "));
}

Deno.test("identity: maker, model, firmware, serial number, SIM (3GPP TS 27.007 §5)", () => {
  const terminal = ready();
  assertEquals(
    answers(
      terminal,
      "AT+CGMI",
      "AT+CGMM",
      "AT+CGMR",
      "AT+CGSN",
      "AT+CGSN=1",
      "AT+CIMI",
      "AT+CCID",
      "ATI",
      "AT+GCAP",
    ),
    [
      "lightwire | OK",
      "Simulated LTE modem | OK",
      "1.0 | OK",
      "351602000330570 | OK",
      '+CGSN: "351602000330570" | OK',
      "001010123456789 | OK",
      "+CCID: 8988211000000000001 | OK",
      "lightwire | Simulated LTE modem | Revision: 1.0 | OK",
      "+GCAP: +CGSM,+FCLASS,+DS | OK",
    ],
  );
  const commands = terminal.ask("AT+CLAC", 2000);
  assert(commands.length > 60 && commands.includes("AT+CGDCONT") && commands.at(-1) === "OK");
});

Deno.test("errors: +CMEE tells nothing, a number, or a text (3GPP TS 27.007 §9.1)", () => {
  const terminal = ready();
  assertEquals(
    answers(terminal, "AT+NONE", "AT+CMEE=1", "AT+NONE", "AT+CMEE=0", "AT+NONE", "AT+CMEE=3", "AT+CMEE?"),
    [
      "+CME ERROR: operation not supported",
      "OK",
      "+CME ERROR: 4",
      "OK",
      "ERROR",
      "ERROR",
      "+CMEE: 0 | OK",
    ],
  );
});

Deno.test("SIM: three wrong PINs lock it, the PUK opens it (3GPP TS 27.007 §8.3)", () => {
  const terminal = ready({ pin: "2468" });
  assertEquals(
    answers(
      terminal,
      "AT+CPIN?",
      'AT+CPINR="SIM PIN"',
      "AT+CPIN=1",
      "AT+CPIN=2",
      "AT+CPIN=3",
      "AT+CPIN?",
      'AT+CPIN="12345678","1357"',
      "AT+CPIN?",
      'AT+CLCK="SC",2',
      'AT+CLCK="SC",0,"1357"',
      'AT+CLCK="SC",2',
    ),
    [
      "+CPIN: SIM PIN | OK",
      "+CPINR: SIM PIN,3,3 | OK",
      "+CME ERROR: incorrect password",
      "+CME ERROR: incorrect password",
      "+CME ERROR: SIM PUK required",
      "+CPIN: SIM PUK | OK",
      "OK",
      "+CPIN: READY | OK",
      "+CLCK: 1 | OK",
      "OK",
      "+CLCK: 0 | OK",
    ],
  );
  terminal.sim.advance(2000);
  assertEquals(answers(terminal, "AT+CREG?"), ["+CREG: 0,1 | OK"]);
});

Deno.test("SIM: busy at first, then ready, and the network is found; changes are told (3GPP TS 27.007 §7.2)", () => {
  const terminal = new Terminal();
  assertEquals(terminal.ask("ATE0+CMEE=2;+CPIN?", 50).at(-1), "+CME ERROR: SIM busy");
  assertEquals(terminal.ask("AT+CREG=1;+CEREG=2;+CREG?", 50).at(-2), "+CREG: 1,0");
  terminal.text = "";
  terminal.sim.advance(2000);
  assertEquals(terminal.text.split(/[\r\n]+/).filter((line) => line !== ""), [
    "+CREG: 2",
    "+CEREG: 2",
    "+CREG: 1",
    '+CEREG: 1,"1A2B","01A2D101",7',
  ]);
  assertEquals(answers(terminal, "AT+CEREG?"), ['+CEREG: 2,1,"1A2B","01A2D101",7 | OK']);
  terminal.modem.core.radio.loseNetwork();
  terminal.text = "";
  terminal.sim.advance(2000);
  assertEquals(terminal.text.includes("+CREG: 1\r\n"), true);
});

Deno.test("power: +CFUN switches the radio, and starts the modem anew (3GPP TS 27.007 §8.2)", () => {
  const terminal = ready();
  assertEquals(answers(terminal, "AT+CFUN=4", "AT+CFUN?", "AT+CSQ", "AT+CREG?", "AT+CFUN=1"), [
    "OK",
    "+CFUN: 4 | OK",
    "+CSQ: 99,99 | OK",
    "+CREG: 0,0 | OK",
    "OK",
  ]);
  terminal.sim.advance(2000);
  assertEquals(answers(terminal, "AT+CREG?", "AT+CFUN=1,1"), ["+CREG: 0,1 | OK", "OK"]);
  assertEquals(terminal.type("AT"), "AT\r\r\nOK\r\n"); // echo is on again
  terminal.sim.advance(3000);
  assertEquals(answers(terminal, "ATE0", "AT+CREG?", "AT+CPSMS?", 'AT+CEDRXS=1,4,"0101"', "AT+CEDRXS?"), [
    "OK",
    "+CREG: 0,1 | OK",
    '+CPSMS: 0,,,"00000110","00000000" | OK',
    "OK",
    '+CEDRXS: 1,4,"0101" | OK',
  ]);
});

Deno.test("clock and battery (3GPP TS 27.007 §8.4, §8.15)", () => {
  const terminal = ready({ startUnixMs: Date.UTC(2026, 10, 24, 11, 0, 0) });
  assertEquals(terminal.ask("AT+CCLK?"), ['+CCLK: "26/11/24,11:00:02+00"', "OK"]);
  assertEquals(terminal.ask('AT+CCLK="30/01/31,23:59:59+00"'), ["OK"]);
  assertEquals(terminal.ask("AT+CCLK?"), ['+CCLK: "30/01/31,23:59:59+00"', "OK"]);
  assertEquals(terminal.ask('AT+CCLK="30/02/31,23:59:59+00"'), ["+CME ERROR: Incorrect parameters"]);
  assertEquals(terminal.ask("AT+CBC"), ["+CBC: 0,78", "OK"]);
});

Deno.test("network: signal, operator in three forms, a look around (3GPP TS 27.007 §7.3, §8.5, §8.69)", () => {
  const terminal = ready();
  assertEquals(
    answers(
      terminal,
      "AT+CSQ",
      "AT+CESQ",
      "AT+COPS?",
      "AT+COPS=3,2",
      "AT+COPS?",
      "AT+COPS=3,1;+COPS?",
      "AT+COPS=5",
    ),
    [
      "+CSQ: 21,99 | OK",
      "+CESQ: 99,99,255,255,20,50 | OK",
      '+COPS: 0,0,"Lightwire Mobile",7 | OK',
      "OK",
      '+COPS: 0,2,"00101",7 | OK',
      '+COPS: 0,1,"Lightwir",7 | OK',
      "+CME ERROR: Incorrect parameters",
    ],
  );
  assertEquals(
    terminal.ask("AT+COPS=?", 4000)[0]?.startsWith('+COPS: (2,"Lightwire Mobile","Lightwir","00101",7),'),
    true,
  );
  assertEquals(answers(terminal, "AT+COPS=2", "AT+CREG?", 'AT+COPS=1,2,"99999"'), [
    "OK",
    "+CREG: 0,0 | OK",
    "",
  ]);
  terminal.sim.advance(3000);
  assertEquals(answers(terminal, 'AT+COPS=1,2,"00101"'), ["OK"]);
  terminal.sim.advance(2000);
  assertEquals(answers(terminal, "AT+COPS?"), ['+COPS: 1,1,"Lightwir",7 | OK']);
});

Deno.test("packets: contexts are defined, made active, and have an address (3GPP TS 27.007 §10.1)", () => {
  const terminal = ready({ apn: "internet" });
  assertEquals(
    answers(
      terminal,
      'AT+CGDCONT=1,"IP","internet"',
      'AT+CGDCONT=2,"IPV4V6","other"',
      "AT+CGDCONT?",
      "AT+CGATT?",
      "AT+CGACT=1,2",
      "AT+CGACT=1,1",
      "AT+CGACT?",
      "AT+CGPADDR",
      "AT+CGPADDR=1",
      "AT+CGCONTRDP=1",
      'AT+CGDCONT=1,"IP","x"',
      "AT+CGACT=0,1",
      "AT+CGDCONT=2",
      "AT+CGPADDR",
      'AT+CGAUTH=1,1,"user","secret"',
      'AT+CGDCONT=99,"IP","x"',
      'AT+CGDCONT=3,"X25","x"',
    ),
    [
      "OK",
      "OK",
      '+CGDCONT: 1,"IP","internet","0.0.0.0",0,0 | +CGDCONT: 2,"IPV4V6","other","0.0.0.0",0,0 | OK',
      "+CGATT: 1 | OK",
      "+CME ERROR: requested service option not subscribed",
      "OK",
      "+CGACT: 1,1 | +CGACT: 2,0 | OK",
      '+CGPADDR: 1,"10.64.64.100" | +CGPADDR: 2 | OK',
      '+CGPADDR: 1,"10.64.64.100" | OK',
      '+CGCONTRDP: 1,5,"internet","10.64.64.100.255.255.255.0","","10.64.64.53","10.64.64.54" | OK',
      "+CME ERROR: operation not allowed",
      "OK",
      "OK",
      "+CGPADDR: 1 | OK",
      "OK",
      "+CME ERROR: Incorrect parameters",
      "+CME ERROR: Incorrect parameters",
    ],
  );
});

Deno.test("dial strings: packets by context, a number, a voice call, nonsense (V.250 §6.3.1, 3GPP TS 27.007 §10.2.1)", () => {
  const dial = (text: string, options: ConstructorParameters<typeof Terminal>[0] = {}) => {
    const terminal = ready(options);
    terminal.ask('AT+CGDCONT=3,"IP","x"');
    const result = terminal.ask(`ATD${text}`, 600)[0];
    terminal.modem.close();
    assertEquals(terminal.sim.timers.size, 0);
    return result;
  };
  assertEquals(dial("*99#"), "CONNECT 115200");
  assertEquals(dial("T*99***3#"), "CONNECT 115200");
  assertEquals(dial("*99***4#"), "ERROR");
  assertEquals(dial("*98#"), "ERROR");
  assertEquals(dial("0123456"), "CONNECT 115200");
  assertEquals(dial("0123456;"), "NO CARRIER");
  assertEquals(dial(""), "ERROR");
  assertEquals(dial("*99#", { connectMs: 400 }), "CONNECT 115200");
  assertEquals(dial("*99##"), "ERROR");
  assertEquals(dial("*99##", { model: "SIM800" }), "CONNECT");
  assertEquals(dial("*99***3#", { model: "SARA-R4" }), "CONNECT");
  assertEquals(dial("*99#", { model: "EC25" }), "CONNECT 150000000");
});

Deno.test("messages: prompt, Ctrl-Z and ESC, list, read, delete (3GPP TS 27.005 §3)", () => {
  const terminal = ready();
  assertEquals(answers(terminal, 'AT+CMGS="+15550123"', "AT+CMGF=1", 'AT+CSCS="GSM"', "AT+CNMI=2,1"), [
    "+CMS ERROR: 303",
    "OK",
    "OK",
    "OK",
  ]);
  assertEquals(terminal.type('AT+CMGS="+15550123"'), "\r\n> ");
  terminal.text = "";
  terminal.write("Hello\x1a");
  terminal.sim.advance(1500);
  assertEquals(terminal.text, "\r\n+CMGS: 1\r\n\r\nOK\r\n");
  assertEquals(terminal.modem.core.sms.sent, [{ number: "+15550123", text: "Hello" }]);
  assertEquals(terminal.type('AT+CMGS="+15550123"'), "\r\n> ");
  terminal.text = "";
  terminal.write("never mind\x1b");
  terminal.sim.advance(100);
  assertEquals(terminal.text, "\r\nOK\r\n");

  terminal.text = "";
  terminal.modem.receiveSms("+15550199", "Good morning", "26/11/24,08:00:00+00");
  terminal.sim.advance(50);
  assertEquals(terminal.text, '\r\n+CMTI: "SM",1\r\n');
  assertEquals(
    answers(
      terminal,
      'AT+CMGL="REC UNREAD"',
      'AT+CMGL="ALL"',
      "AT+CMGR=1",
      "AT+CPMS?",
      "AT+CMGD=1",
      "AT+CMGR=1",
    ),
    [
      '+CMGL: 1,"REC UNREAD","+15550199",,"26/11/24,08:00:00+00" | Good morning | OK',
      '+CMGL: 1,"REC READ","+15550199",,"26/11/24,08:00:00+00" | Good morning | OK',
      '+CMGR: "REC READ","+15550199",,"26/11/24,08:00:00+00" | Good morning | OK',
      '+CPMS: "SM",1,20,"SM",1,20,"SM",1,20 | OK',
      "OK",
      "+CMS ERROR: 321",
    ],
  );
  assertEquals(answers(terminal, 'AT+CSCS="UCS2"'), ["OK"]);
  terminal.modem.receiveSms("+1", "é", "");
  assertEquals(answers(terminal, "AT+CMGR=1")[0]?.includes("00E9"), true);
});

Deno.test("services: the network answers a code unasked (3GPP TS 27.007 §7.15)", () => {
  const terminal = ready();
  assertEquals(answers(terminal, 'AT+CUSD=1,"*100#",15'), ['OK | +CUSD: 0,"Credit: 12.34",15']);
  assertEquals(answers(terminal, 'AT+CUSD=1,"*999#",15'), ["OK | +CUSD: 4"]);
});

Deno.test("line: +IFC, +ICF, &V, and parameters that make no sense (V.250 §6.2)", () => {
  const terminal = ready();
  assertEquals(answers(terminal, "AT+IFC=0,0", "AT+IFC?", "AT+ICF?", "AT+IPR?", "AT+IFC=9", "AT+IPR=12345"), [
    "OK",
    "+IFC: 0,0 | OK",
    "+ICF: 3,3 | OK",
    "+IPR: 0 | OK",
    "+CME ERROR: Incorrect parameters",
    "+CME ERROR: Incorrect parameters",
  ]);
  assertEquals(terminal.ask("AT&V")[0], "E0 V1 Q0 X4 &C1 &D2");
  assertEquals(terminal.ask("AT&C0"), ["OK"]);
  assertEquals(terminal.lines?.dcd, true);
  assertEquals(terminal.ask("AT&C1&W&K3X0"), ["OK"]);
  assertEquals(terminal.lines?.dcd, false);
  assertEquals(terminal.ask("ATE5"), ["ERROR"]);
  assertEquals(terminal.ask("ATE0S7=33&W"), ["OK"]);
  assertEquals(terminal.ask("AT&FE0S7?"), ["060", "OK"]);
  assertEquals(terminal.ask("ATZ"), ["OK"]);
  assertEquals(terminal.ask("ATS7?"), ["033", "OK"]);
});

for (const name of Object.keys(MODEM_MODELS) as ModemModelName[]) {
  Deno.test(`make ${name}: what it says at the start, its name, its SIM, and how it is switched off`, () => {
    const terminal = new Terminal({ model: name });
    const model = MODEM_MODELS[name];
    terminal.sim.advance(2500);
    assertEquals(
      terminal.text.split(/[\r\n]+/).filter((line) => line !== ""),
      model.startLines.map(([, line]) => line),
    );
    assertEquals(answers(terminal, "ATE0+CMEE=2", "AT+CGMM", `AT${model.iccid[0]}`), [
      "OK",
      `${model.model} | OK`,
      `${model.iccid[1]}8988211000000000001 | OK`,
    ]);
    for (const [command, value] of Object.entries(model.more)) {
      assertEquals(answers(terminal, `AT${command}?`), [`${command}: ${value} | OK`]);
    }
    assertEquals(answers(terminal, "AT+CEREG?")[0]?.endsWith("OK"), name !== "SIM800");
    const [off, farewell] = model.powerOff;
    if (off === "") return;
    const said = terminal.ask(off === "+CPOWD" ? "AT+CPOWD=1" : `AT${off}`);
    assertEquals(said, farewell === "" ? ["OK"] : ["OK", farewell]);
    assertEquals(terminal.modem.isOn, false);
    assertEquals(terminal.ask("AT"), []);
    assertEquals(terminal.lines?.dsr, false);
  });
}
