/** Modes of a modem, against the simulated one. */
import { assert, assertEquals } from "@std/assert";
import { Simulation } from "@lightwire/netif/sim";
import { PppLink } from "../ppp_link.ts";
import { SimulatedModem, type SimulatedModemOptions } from "../sim/mod.ts";
import { type CmuxError, CmuxSession } from "./cmux_session.ts";
import { detectMode, type LineMode } from "./mode_detector.ts";
import { isLegalModeChange, type ModemMode, ModemModes } from "./modem_modes.ts";

function setUp(options: SimulatedModemOptions = {}) {
  const sim = new Simulation({ seed: "modes" });
  const modem = new SimulatedModem(sim.host("modem"), options);
  sim.advance(3000); // powered up, registered
  const modes = new ModemModes(modem.port, sim.timers);
  const changes: ModemMode[] = [];
  modes.onChanged = (mode) => void changes.push(mode);
  const set = (mode: ModemMode): boolean | undefined => {
    let result: boolean | undefined;
    modes.set(mode, (isDone) => void (result = isDone));
    sim.advance(15_000);
    return result;
  };
  const detect = (): string => {
    let result = "";
    modes.detect((found) => void (result = found));
    sim.advance(15_000);
    return result;
  };
  return { sim, modem, modes, changes, set, detect };
}

Deno.test("modes: which way leads where", () => {
  const all: ModemMode[] = ["undefined", "command", "data", "paused", "cmux", "cmux-data"];
  const legal = all.flatMap((from) =>
    all.filter((to) => isLegalModeChange(from, to)).map((to) => `${from} ${to}`)
  );
  assertEquals(legal, [
    "command data",
    "command cmux",
    "data command",
    "data paused",
    "paused command",
    "paused data",
    "cmux command",
    "cmux cmux-data",
    "cmux-data cmux",
  ]);
});

Deno.test("modes: command, data, paused, data, command; PPP lives through the pause (V.250 §6.3.7)", () => {
  const { sim, modem, modes, changes, set, detect } = setUp();
  assertEquals(detect(), "command");
  assertEquals([set("paused"), set("cmux-data")], [false, false]);
  assertEquals(set("data"), true);
  let isUp = false;
  const link = new PppLink(sim.host("computer"), modes.data.dataPort, { lcp: { echoIntervalMs: 0 } }, {
    up: () => void (isUp = true),
    down: () => void (isUp = false),
  });
  link.start();
  sim.advance(5000);
  assert(isUp);
  assertEquals(set("paused"), true);
  let answer = "";
  modes.commands.send("AT+CSQ", (reply) => void (answer = reply.lines[0] ?? ""));
  sim.advance(1000);
  assertEquals([answer, isUp], ["+CSQ: 21,99", true]);
  assertEquals(set("data"), true);
  assert(isUp);
  assertEquals(set("command"), true);
  assertEquals([isUp, link.session.phase], [false, "Dead"]);
  assertEquals(changes, ["command", "data", "paused", "data", "command"]);
  modem.close();
  assertEquals(sim.pool.inUse, 0);
});

Deno.test("modes: a multiplexer: commands while a call carries data, swap, recover, and back (3GPP TS 27.010 §5)", () => {
  const { sim, modem, modes, changes, set, detect } = setUp();
  detect();
  assertEquals(set("cmux"), true);
  assertEquals([modes.swap(), modes.swap()], [true, true]);
  assertEquals(set("cmux-data"), true);
  assertEquals(modes.swap(), false);
  let answer = "";
  modes.commands.send("AT+CSQ", (reply) => void (answer = reply.lines[0] ?? ""));
  sim.advance(1000);
  assertEquals([answer, modes.data.mode], ["+CSQ: 21,99", "data"]);
  let isInStep: boolean | undefined;
  modes.recover((inStep) => void (isInStep = inStep));
  sim.advance(1000);
  assertEquals(isInStep, true);
  assertEquals([set("cmux"), set("command")], [true, true]);
  assertEquals(changes, ["command", "cmux", "cmux-data", "cmux", "command"]);
  modem.close();
});

Deno.test("modes: a call that the network ends is over without our doing (V.250 §6.3.6)", () => {
  const { sim, modem, modes, changes, set, detect } = setUp();
  detect();
  set("data");
  modem.loseCarrier();
  sim.advance(3000);
  assertEquals([modes.mode, changes.at(-1)], ["command", "command"]);
  modem.close();
});

for (const [leftIn, found] of [["command", "command"], ["data", "data"], ["multiplexer", "cmux"]] as const) {
  Deno.test(`detect: a modem left in ${leftIn} is found so, and brought to commands`, () => {
    const { modem, modes, detect } = setUp({ leftIn });
    assertEquals([detect(), modes.mode], [found, "command"]);
    modem.close();
  });
}

Deno.test("detectMode(): nobody answers: unknown, after three questions", () => {
  const sim = new Simulation({ seed: "detect" });
  const modem = new SimulatedModem(sim.host("modem"), { fault: "no-answer" });
  const found: LineMode[] = [];
  detectMode(modem.port, sim.timers, (mode) => void found.push(mode));
  sim.advance(1499);
  assertEquals(found, []);
  sim.advance(1);
  assertEquals(found, ["unknown"]);
  modem.close();
});

Deno.test("cmux: errors on the line are told, and a test finds out that both are in step (3GPP TS 27.010 §5.4.6.3.4)", () => {
  const { sim, modem } = setUp();
  const session = new CmuxSession(modem.port, sim.timers, { channelDelayMs: 50 });
  const errors: CmuxError[] = [];
  session.onError = (error) => void errors.push(error);
  modem.port.write(new TextEncoder().encode("AT+CMUX=0\r"));
  sim.advance(200);
  let isOpen = false;
  session.open((outcome) => void (isOpen = outcome.isOpen));
  sim.advance(3000);
  assert(isOpen);
  session.serialInput(Uint8Array.of(0xf9, 0x07, 0xef, 0x03, 0x41, 0x00, 0xf9)); // a wrong check sequence
  session.serialInput(Uint8Array.of(0xf9, 0x06)); // no address
  assertEquals(errors, ["checksum", "out-of-step"]);
  const outcomes: boolean[] = [];
  session.recover((isInStep) => void outcomes.push(isInStep));
  session.recover((isInStep) => void outcomes.push(isInStep));
  sim.advance(2000);
  assertEquals(outcomes, [false, true]);
  modem.close();
});
