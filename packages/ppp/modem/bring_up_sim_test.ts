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
