import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { Simulation } from "@lightwire/netif/sim";
import { AtEngine } from "../modem/at_engine.ts";
import { SerialOpenError } from "../serial_port.ts";
import { openSimulatedPort } from "./open_simulated_port.ts";
import { SimulatedCable } from "./serial_cable.ts";
import { SimulatedModem } from "./simulated_modem.ts";
import { Dialler } from "./testdata/dialler.ts";
import { Terminal } from "./testdata/terminal.ts";

const UP = "up 10.64.64.100 10.64.64.1 dns 10.64.64.53 10.64.64.54";

Deno.test("a dial with the library's engine and link ends with an address, and hangs up in order", () => {
  const dialler = new Dialler();
  assert(dialler.connect(), dialler.log.join("\n"));
  const { sim, modem, link, log, engine } = dialler;
  assertEquals(modem.port.inputLines?.dcd, true);
  link.stop();
  sim.advance(5000);
  assertEquals(log, ["dial connect", UP, "down", "ended closed", "carrier lost"]);
  assertEquals(modem.port.inputLines?.dcd, false);
  assertEquals(engine.mode, "command");
  dialler.close();
  assertEquals(sim.pool.inUse, 0);
  assertEquals(sim.timers.size, 0);
});

for (const [baudRate, leastMs, mostMs] of [[115200, 310, 350], [9600, 450, 700]] as const) {
  Deno.test(`a dial at ${baudRate} baud keeps the pace of the line`, () => {
    const dialler = new Dialler({ baudRate });
    const before = dialler.sim.clock.now() + 2500;
    assert(dialler.connect());
    const took = dialler.sim.clock.now() - before;
    assert(took >= leastMs && took <= mostMs, `${took} ms`);
    // A thousand-octet packet, 0x55 throughout so that nothing is escaped: 1000 octets, 2 to 5 of header, 2 of FCS, a flag.
    const octetsBefore = dialler.link.counters.octetsSent;
    assert(dialler.send(1000));
    const octets = dialler.link.counters.octetsSent - octetsBefore;
    const start = dialler.sim.clock.now();
    const call = dialler.modem.session.call!;
    const heard = call.octetsReceived;
    assert(dialler.sim.runUntil(() => call.octetsReceived - heard >= octets, 5000));
    assertAlmostEquals(dialler.sim.clock.now() - start, octets * 10_000 / baudRate, 2);
    dialler.close();
    assertEquals(dialler.sim.pool.inUse, 0);
  });
}

for (const method of ["pap", "chap-md5", "mschap", "mschapv2", "eap"] as const) {
  Deno.test(`the network asks for a password: ${method}`, () => {
    const credentials = { name: "tester", secret: "secret" };
    const right = new Dialler({ credentials, authMethods: [method] }, { credentials });
    assert(right.connect(), right.log.join("\n"));
    right.close();
    const wrong = new Dialler({ credentials, authMethods: [method] }, {
      credentials: { name: "tester", secret: "guess" },
    });
    assertEquals(wrong.connect(), false);
    assert(wrong.log.some((line) => line.startsWith("ended authentication-failed")), wrong.log.join("\n"));
    wrong.close();
  });
}

Deno.test("each call has an address of its own, and gives it back", () => {
  const dialler = new Dialler();
  assert(dialler.connect());
  dialler.link.stop();
  dialler.sim.advance(1000);
  dialler.dial("*99***1#", 0);
  assert(dialler.sim.runUntil(() => dialler.link.session.isNetworkUp, 5000));
  assert(dialler.log.at(-1)?.startsWith("up 10.64.64.101"), dialler.log.join("\n"));
  dialler.modem.loseCarrier();
  dialler.sim.advance(1000);
  assertEquals(dialler.log.slice(-2), ["ended line-lost", "carrier lost"]);
  dialler.close();
});

Deno.test("data mode: +++ with its guard times leads to commands, ATO back, DTR hangs up (V.250 §6.3.7)", () => {
  const terminal = new Terminal().settle();
  assertEquals(terminal.ask("ATE0"), ["OK"]);
  terminal.write("ATD*99#\r");
  terminal.sim.advance(350);
  assert(terminal.text.endsWith("CONNECT 115200\r\n") || terminal.text.includes("CONNECT 115200\r\n~"));
  assertEquals(terminal.lines?.dcd, true);
  terminal.write("+++"); // no silence in front of it
  terminal.sim.advance(1500);
  assertEquals(terminal.modem.session.isInData, true);
  terminal.write("+++");
  terminal.sim.advance(500);
  terminal.write("x"); // no silence behind it
  terminal.sim.advance(1500);
  assertEquals(terminal.modem.session.isInData, true);
  terminal.text = "";
  terminal.write("+++");
  terminal.sim.advance(1020);
  assert(terminal.text.endsWith("\r\nOK\r\n"));
  assertEquals(terminal.ask("AT+CPAS"), ["+CPAS: 4", "OK"]);
  assertEquals(terminal.lines?.dcd, true);
  assert(terminal.type("ATO").startsWith("\r\nCONNECT 115200\r\n"));
  terminal.text = "";
  terminal.modem.port.setOutputLines({ dtr: false, rts: true });
  terminal.sim.advance(100);
  assert(terminal.text.endsWith("\r\nNO CARRIER\r\n"));
  assertEquals(terminal.lines?.dcd, false);
  assertEquals(terminal.ask("ATO"), ["NO CARRIER"]);
  terminal.modem.close();
  assertEquals(terminal.sim.timers.size, 0);
});

Deno.test("a call comes in: RING, RI, ATA; and without one, NO CARRIER", () => {
  const terminal = new Terminal().settle();
  assertEquals(terminal.ask("ATA"), ["NO CARRIER"]);
  terminal.modem.ring();
  terminal.sim.advance(10);
  assertEquals(terminal.lines?.ri, true);
  terminal.sim.advance(1500);
  assertEquals(terminal.lines?.ri, false);
  assertEquals(terminal.ask("ATA")[0], "CONNECT 115200");

  const byItself = new Terminal().settle();
  assertEquals(byItself.ask("ATS0=1"), ["OK"]);
  byItself.text = "";
  byItself.modem.ring();
  byItself.sim.advance(400);
  assert(byItself.text.startsWith("\r\nRING\r\n\r\nCONNECT 115200\r\n"));
});

Deno.test("a modem finds the speed by itself, and keeps what +IPR says (V.250 §6.2.10)", () => {
  const terminal = new Terminal().settle();
  terminal.modem.port.setBaudRate(9600);
  assertEquals(terminal.ask("AT"), ["OK"]);
  assertEquals(terminal.ask("AT+IPR=57600"), ["OK"]);
  assertEquals(terminal.ask("AT")[0] === "OK", false);
  terminal.modem.port.setBaudRate(57600);
  assertEquals(terminal.ask("AT+IPR?"), ["+IPR: 57600", "OK"]);
});

Deno.test("any character aborts dialling (V.250 §5.6.1)", () => {
  const terminal = new Terminal({ connectMs: 5000 }).settle();
  terminal.write("ATD*99#\r\n"); // not by the rest of its own line end
  terminal.sim.advance(1000);
  terminal.text = "";
  terminal.write("\r");
  terminal.sim.advance(10);
  assertEquals(terminal.text, "\r\nNO CARRIER\r\n");
  assertEquals(terminal.ask("AT"), ["OK"]);
});

Deno.test("a call that is not connected within S7 is given up (V.250 §6.3.10)", () => {
  const terminal = new Terminal({ connectMs: 5000 }).settle();
  assertEquals(terminal.ask("ATS7=2D*99#", 1900), []);
  assertEquals(terminal.ask("", 200), ["NO CARRIER"]);
});

Deno.test("noise comes between a reply and its result, and the library is not confused", () => {
  const dialler = new Dialler({ isNoisy: true, model: "EC25" });
  const replies: string[] = [];
  for (let i = 0; i < 6; i++) {
    dialler.engine.send("AT+CSQ", ({ lines, status }) => replies.push(`${status} ${lines.join("|")}`));
  }
  dialler.sim.advance(2000);
  assertEquals(new Set(replies), new Set(["ok +CSQ: 21,99"]));
  assert(dialler.connect(), dialler.log.join("\n"));
  dialler.close();
});

Deno.test("a modem on somebody's line: the port it is given is its end", () => {
  const sim = new Simulation({ seed: "line" });
  const cable = new SimulatedCable({ timers: sim.timers, random: sim.random("noise") });
  const modem = new SimulatedModem(sim.host("modem"), { line: cable.modem });
  assertEquals(modem.port, cable.modem);
  const engine = new AtEngine(cable.computer, sim.timers);
  sim.advance(2500);
  let model: readonly string[] = [];
  engine.send("AT+CGMM", ({ lines }) => model = lines);
  sim.advance(100);
  assertEquals(model, ["Simulated LTE modem"]);
  modem.close();
  engine.close();
  assertEquals(sim.timers.size, 0);
});

Deno.test("ports that cannot be opened", () => {
  const host = new Simulation({ seed: "port" }).host("modem");
  for (const fault of ["no-port", "no-permission", "port-in-use"] as const) {
    const error = assertThrows(() => openSimulatedPort(host, { fault }), SerialOpenError);
    assertEquals(error.cause, fault);
  }
  openSimulatedPort(host).close();
});
