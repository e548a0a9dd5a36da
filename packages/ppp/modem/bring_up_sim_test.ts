/** The bring-up against the simulated modem: each fault is called by its name. */
import { assert, assertEquals } from "@std/assert";
import { Simulation } from "@lightwire/netif/sim";
import { SimulatedModem, type SimulatedModemOptions } from "../sim/mod.ts";
import type { PppUp } from "../ppp_session.ts";
import { ModemBringUp } from "./bring_up.ts";
import type { BringUpEvent, BringUpOptions } from "./bring_up_options.ts";
import { LINK_CAUSES, type LinkCause } from "./link_cause.ts";
import type { SignalQuality } from "./at_network.ts";

const ALICE = { name: "alice", secret: "wonderland" };

function bringUpSim(modemOptions: SimulatedModemOptions = {}, options: BringUpOptions = {}) {
  const sim = new Simulation({ seed: "bring-up" });
  const modem = new SimulatedModem(sim.host("modem"), modemOptions);
  const events: BringUpEvent[] = [];
  const ended: { cause: LinkCause | "closed"; message: string; evidence: readonly string[] }[] = [];
  const ups: PppUp[] = [];
  const signals: SignalQuality[] = [];
  const bringUp = new ModemBringUp(sim.host("computer"), modem.port, options, {
    event: (event) => void events.push(event),
    up: (_link, up) => void ups.push(up),
    signal: (signal) => void signals.push(signal),
    ended: (cause, message, evidence) => void ended.push({ cause, message, evidence }),
  });
  return { sim, modem, bringUp, events, ended, ups, signals };
}

type World = ReturnType<typeof bringUpSim>;

/** Runs until the link is up, or over. */
function run(world: World, limitMs: number = 300_000): void {
  world.bringUp.start();
  world.sim.runUntil(() => world.ups.length > 0 || world.ended.length > 0, limitMs);
}

/** Ends everything and sees that nothing is left. */
function finish(world: World): void {
  world.bringUp.stop();
  world.sim.advance(60_000);
  assertEquals(world.ended.length, 1);
  world.modem.close();
  assertEquals([world.sim.timers.size, world.sim.pool.inUse], [0, 0]);
}

Deno.test("sim: a modem comes up step by step and ends online (3GPP TS 27.007, RFC 1661)", () => {
  const world = bringUpSim({ credentials: ALICE }, { session: { credentials: ALICE }, apn: "internet" });
  run(world);
  assertEquals(world.ended, []);
  assertEquals(world.events.filter((e) => e.state === "done").map((e) => e.step), [
    ...["port", "modem", "sim", "signal", "registration", "attach", "context", "dial"],
    ...["establish", "authenticate", "network"],
  ]);
  assertEquals(String(world.ups[0]!.ipv4!.localAddress), "10.64.64.100");
  finish(world);
  assertEquals(world.ended[0]!.cause, "closed");
});

/** A second bring-up on the same port finds the modem at once: the first one has left it as it should. */
function bringUpAgain(world: World, options: BringUpOptions): BringUpEvent[] {
  const events: BringUpEvent[] = [];
  let isUp = false;
  let isOver = false;
  const again = new ModemBringUp(world.sim.host("computer again"), world.modem.port, options, {
    event: (event) => void events.push(event),
    up: () => void (isUp = true),
    ended: () => void (isOver = true),
  });
  again.start();
  assert(world.sim.runUntil(() => isUp, 60_000));
  again.stop();
  assert(world.sim.runUntil(() => isOver, 60_000));
  return events;
}

for (const cmux of [false, true]) {
  Deno.test(`sim: ${cmux ? "with" : "without"} a multiplexer: hung up, the modem takes commands again, and the next call works`, () => {
    const world = bringUpSim({}, { cmux });
    run(world);
    assertEquals([world.ended, world.ups.length], [[], 1]);
    world.bringUp.stop();
    world.sim.runUntil(() => world.ended.length > 0, 60_000);
    assertEquals(world.ended[0]!.cause, "closed");
    const events = bringUpAgain(world, { cmux });
    assertEquals(events.filter((e) => e.state === "warning"), []);
    assert(events.find((e) => e.step === "modem" && e.state === "done")!.elapsedMs < 1000);
    world.sim.advance(1000);
    world.modem.close();
    assertEquals([world.sim.timers.size, world.sim.pool.inUse], [0, 0]);
  });
}

Deno.test("sim: with a multiplexer signal and registration go on being told while the link is up (3GPP TS 27.010 §5.6)", () => {
  const world = bringUpSim({}, { cmux: true, watchMs: 1000 });
  run(world);
  const before = world.signals.length;
  world.sim.advance(5500);
  assert(world.signals.length >= before + 4, `${world.signals.length - before}`);
  assert(world.bringUp.commands !== undefined);
  assertEquals(world.signals.at(-1)!.dbm, -71);
  world.modem.loseCarrier();
  world.sim.advance(20_000);
  assertEquals(world.ended.map((end) => end.cause), ["no-carrier"]);
  finish(world);
});

for (const leftIn of ["data", "multiplexer"] as const) {
  Deno.test(`sim: a modem left in ${leftIn} is brought back, with a warning, and comes up`, () => {
    const world = bringUpSim({ leftIn });
    run(world);
    assertEquals([world.ups.length, world.ended], [1, []]);
    assert(world.events.some((e) => e.cause === "data-mode" && e.state === "warning"));
    finish(world);
  });
}

Deno.test("sim: a noisy modem, which says things between its lines, comes up all the same (V.250 §5.7)", () => {
  const world = bringUpSim({ isNoisy: true });
  run(world);
  assertEquals([world.ups.length, world.ended], [1, []]);
  finish(world);
});

Deno.test("sim: a carrier that is lost ends the link with its reason, and the modem takes the next call (V.250 §6.3.6)", () => {
  const world = bringUpSim();
  run(world);
  world.modem.loseCarrier();
  world.sim.advance(20_000);
  assertEquals(world.ended.map((end) => end.cause), ["no-carrier"]);
  assertEquals(bringUpAgain(world, {}).at(-1)!.state, "done");
  finish(world);
});

Deno.test("sim: stop() while the modem dials takes the call back (V.250 §5.6.1)", () => {
  const world = bringUpSim({ connectMs: 20_000 });
  world.bringUp.start();
  world.sim.runUntil(() => world.events.at(-1)?.step === "dial", 30_000);
  world.sim.advance(500);
  finish(world);
  assertEquals(world.ended[0]!.cause, "closed");
  assertEquals(world.ups, []);
});

Deno.test("sim: a call that comes in is answered, and its caller gets PPP (V.250 §6.3.5)", () => {
  const world = bringUpSim({}, { answer: true });
  world.bringUp.start();
  world.sim.advance(5000);
  assertEquals(world.events.at(-1)!.text, "Waiting for a call");
  world.modem.ring();
  world.sim.advance(10_000);
  assertEquals([world.ups.length, world.ended], [1, []]);
  finish(world);
});

Deno.test("sim: a line that eats XON and XOFF carries the link with an ACCM (RFC 1662 §7.1)", () => {
  const world = bringUpSim({ eatsFlowCharacters: true }, { session: { lcp: { accm: 0x000a0000 } } });
  run(world);
  assertEquals([world.ups.length, world.ended], [1, []]);
  finish(world);
});

/** What the bring-up cannot see: it is about the port before, or the network behind. */
const BEYOND: ReadonlySet<LinkCause> = new Set([
  ...["no-port", "no-permission", "port-in-use", "mtu-black-hole", "flow-control", "clock-skew"] as const,
]);

for (const fault of LINK_CAUSES.filter((cause) => !BEYOND.has(cause))) {
  Deno.test(`sim: the fault ${fault} is called by its name`, () => {
    const world = bringUpSim({ fault, credentials: ALICE }, { session: { credentials: ALICE } });
    run(world);
    world.sim.advance(30_000);
    const seen = world.events.filter((e) => e.cause !== undefined).map((e) => e.cause);
    assertEquals(seen.at(-1), fault, JSON.stringify(world.events.at(-1), undefined, 1));
    assert(world.events.every((e) => e.cause === undefined || e.evidence.length > 0 || e.step === "network"));
    finish(world);
  });
}
