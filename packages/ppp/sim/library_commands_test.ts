/** The library's typed commands against the simulated modem, which shares no code with them: each reads what the other writes. */
import { assert, assertEquals } from "@std/assert";
import { Simulation } from "@lightwire/netif/sim";
import type { AtCommand, AtReply } from "../modem/at_command.ts";
import {
  type AtQuery,
  defineContext,
  dialContext,
  enterPin,
  enterPuk,
  HANG_UP,
  QUERY_ACTIVE_CONTEXTS,
  QUERY_ADDRESSES,
  QUERY_ATTACH,
  QUERY_CAUSE,
  QUERY_CONTEXTS,
  QUERY_IMEI,
  QUERY_IMSI,
  QUERY_INFORMATION,
  QUERY_MANUFACTURER,
  QUERY_MODEL,
  QUERY_OPERATOR,
  QUERY_REVISION,
  QUERY_SIGNAL,
  QUERY_SIM,
  queryRegistration,
  readReply,
  RESUME,
} from "../modem/at_commands.ts";
import { AtEngine } from "../modem/at_engine.ts";
import { findProfile } from "../modem/modem_profile.ts";
import { PppLink } from "../ppp_link.ts";
import { MODEM_MODELS, type ModemModelName } from "./modem_model.ts";
import { SimulatedModem } from "./simulated_modem.ts";
import type { SimulatedModemOptions } from "./simulated_modem_options.ts";

/** A computer at a modem, that asks one thing after the other. */
class Desk {
  readonly sim: Simulation = new Simulation({ seed: "desk" });
  readonly modem: SimulatedModem;
  readonly engine: AtEngine;
  readonly unsolicited: string[] = [];

  constructor(options: SimulatedModemOptions = {}, waitMs = 2500) {
    this.modem = new SimulatedModem(this.sim.host("modem"), options);
    this.engine = new AtEngine(this.modem.port, this.sim.timers);
    this.engine.onUnsolicited = (line) => void this.unsolicited.push(line);
    this.sim.advance(waitMs);
  }

  send(command: AtCommand | string): AtReply {
    let reply: AtReply | undefined;
    this.engine.send(command, (r) => reply = r);
    assert(this.sim.runUntil(() => reply !== undefined, 120_000));
    return reply!;
  }

  ask<T>(query: AtQuery<T>): T | undefined {
    return readReply(query, this.send(query.command));
  }

  close(): void {
    this.engine.close();
    this.modem.close();
    assertEquals([this.sim.timers.size, this.sim.pool.inUse], [0, 0]);
  }
}

for (const name of Object.keys(MODEM_MODELS) as ModemModelName[]) {
  Deno.test(`typed commands read what make ${name} says (3GPP TS 27.007 §5, §7, §8, §10)`, () => {
    const desk = new Desk({ model: name, isNoisy: true });
    const model = MODEM_MODELS[name];
    assertEquals(desk.ask(QUERY_MANUFACTURER), model.manufacturer);
    assertEquals(desk.ask(QUERY_MODEL), model.model);
    assert(model.revision.includes(desk.ask(QUERY_REVISION)!));
    assert(desk.ask(QUERY_INFORMATION) !== undefined);
    assertEquals(desk.ask(QUERY_IMEI)?.reveal(), "351602000330570");
    assertEquals(desk.ask(QUERY_IMSI)?.reveal(), "001010123456789");
    assertEquals(desk.ask(QUERY_SIM)?.status, "ready");
    assertEquals(desk.ask(QUERY_SIGNAL)?.dbm, -71);
    assertEquals(desk.ask(QUERY_OPERATOR)?.operator, "Lightwire Mobile");
    for (const domain of model.domains) {
      assertEquals(desk.send(`AT+${domain}=2`).status, "ok");
      const registration = desk.ask(queryRegistration(domain));
      assertEquals([registration?.verdict, registration?.area], ["registered", 0x1a2b]);
    }
    assertEquals(desk.ask(QUERY_ATTACH), true);
    assertEquals(desk.send(defineContext({ contextId: 2, type: "IP", apn: "internet" })).status, "ok");
    assertEquals(desk.ask(QUERY_CONTEXTS)?.map(({ apn }) => apn), ["internet"]);
    assertEquals(desk.send("AT+CGACT=1,2").status, "ok");
    assertEquals(desk.ask(QUERY_ACTIVE_CONTEXTS), [2]);
    assertEquals(desk.ask(QUERY_ADDRESSES)?.[0]?.addresses, ["10.64.64.100"]);
    assert(typeof desk.ask(QUERY_CAUSE) === "string");
    desk.close();
  });

  Deno.test(`make ${name} is found, starts anew with its ready line, and is switched off`, () => {
    const desk = new Desk({ model: name });
    const profile = findProfile(desk.ask(QUERY_INFORMATION)!);
    assertEquals(profile.name === "generic", name === "generic");
    assertEquals(desk.send(profile.reset).status, "ok");
    desk.sim.advance(5000);
    assertEquals(desk.send("AT").status, "ok");
    const { readyLine } = profile;
    if (readyLine !== undefined && name !== "EC25") assert(desk.unsolicited.includes(readyLine));
    assertEquals(desk.send(profile.powerOff).status, "ok");
    desk.sim.advance(1000);
    if (name !== "generic") assertEquals(desk.modem.isOn, false);
    desk.close();
  });
}

Deno.test("SIM: the library enters a PIN, and a PUK (3GPP TS 27.007 §8.3)", () => {
  const desk = new Desk({ fault: "sim-pin" });
  assertEquals(desk.ask(QUERY_SIM)?.status, "pin");
  assertEquals(desk.send(enterPin("1234")).status, "ok");
  assertEquals(desk.ask(QUERY_SIM)?.status, "ready");
  desk.close();
  const locked = new Desk({ fault: "sim-puk" });
  assertEquals(locked.ask(QUERY_SIM)?.status, "puk");
  assertEquals(locked.send(enterPuk("12345678", "4321")).status, "ok");
  assertEquals(locked.ask(QUERY_SIM)?.status, "ready");
  locked.close();
});

Deno.test("basic commands: echo, profile, speed, flow control (V.250 §6.2)", () => {
  const desk = new Desk();
  for (const command of ["AT", "ATE0", "AT&W", "AT+IFC=2,2", "ATE1", "AT+CMEE=2", "AT+CLAC"]) {
    assertEquals(desk.send(command).status, "ok", command);
  }
  assertEquals(desk.send("AT+IPR=57600").status, "ok");
  desk.modem.port.setBaudRate(57600);
  assertEquals(desk.send("AT").status, "ok");
  assertEquals(desk.send("AT+FOO").result?.errorCode, 4); // told as a text
  desk.close();
});

Deno.test("messages: the library sends one at the prompt, and takes one back (3GPP TS 27.005 §3.5.1)", () => {
  const desk = new Desk();
  assertEquals(desk.send("AT+CMGF=1").status, "ok");
  const reply = desk.send({ text: 'AT+CMGS="+15550123"', promptText: "Hello there", timeoutMs: 60_000 });
  assertEquals([reply.status, ...reply.lines], ["ok", "+CMGS: 1"]);
  assertEquals(desk.modem.core.sms.sent, [{ number: "+15550123", text: "Hello there" }]);
  assertEquals(desk.send("AT+CNMI=2,1").status, "ok");
  desk.modem.receiveSms("+15550199", "Good morning", "26/11/24,08:00:00+00");
  desk.sim.advance(100);
  assertEquals(desk.unsolicited, ['+CMTI: "SM",1']);
  assertEquals(desk.send("AT+CMGR=1").lines[1], "Good morning");
  desk.close();
});

Deno.test("data call: PPP is paused by +++, commands are asked, and ATO goes on with it (V.250 §6.3.7)", () => {
  const desk = new Desk();
  const { sim, engine } = desk;
  const log: string[] = [];
  const link = new PppLink(sim.host("computer"), engine.dataPort, {}, {
    up: () => log.push("up"),
    down: () => log.push("down"),
  });
  assertEquals(desk.send(dialContext()).status, "connect");
  link.start();
  assert(sim.runUntil(() => link.session.isNetworkUp, 5000));
  let by: string | undefined;
  engine.escape((outcome) => by = outcome.by);
  assert(sim.runUntil(() => by !== undefined, 10_000));
  assertEquals(by, "escape");
  assertEquals(desk.ask(QUERY_SIGNAL)?.bars, 5);
  assertEquals(desk.send(RESUME).status, "connect");
  sim.advance(15_000);
  assertEquals([log, link.session.isNetworkUp], [["up"], true]);
  assert(link.session.lcp.echoReplies > 0);
  engine.escape(() => {});
  sim.advance(5000);
  assertEquals(desk.send(HANG_UP).status, "ok");
  sim.advance(1000);
  assertEquals(desk.send(RESUME).result?.code, "NO_CARRIER");
  link.close();
  desk.close();
});

Deno.test("what a line speaks is found out: commands, PPP, or a multiplexer", () => {
  for (const leftIn of ["command", "data", "multiplexer"] as const) {
    const desk = new Desk({ leftIn }, 0);
    const foreign = new Set<string>();
    desk.engine.onForeign = (protocol) => void foreign.add(protocol);
    desk.sim.advance(2500);
    const { status } = desk.send("AT");
    assertEquals(status, leftIn === "command" ? "ok" : "timeout");
    assertEquals([...foreign], leftIn === "data" ? ["ppp"] : []);
    desk.close();
  }
});
