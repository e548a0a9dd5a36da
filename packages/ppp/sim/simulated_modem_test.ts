import { assert, assertEquals } from "@std/assert";
import { Simulation } from "@lightwire/netif/sim";
import { AtEngine } from "../modem/at_engine.ts";
import { PppLink } from "../ppp_link.ts";
import type { PppSessionOptions } from "../ppp_session.ts";
import { SimulatedModem, type SimulatedModemOptions } from "./simulated_modem.ts";

/** A computer that dials with the library. */
function dial(options: SimulatedModemOptions, session: PppSessionOptions = {}) {
  const sim = new Simulation({ seed: "dial" });
  const modem = new SimulatedModem(sim.host("modem"), options);
  const engine = new AtEngine(modem.port, sim.timers);
  const log: string[] = [];
  const host = sim.host("computer");
  const link = new PppLink(host, engine.dataPort, session, {
    phaseChanged: (phase) => log.push(phase),
    up: ({ ipv4 }) =>
      log.push(`up ${ipv4?.localAddress} ${ipv4?.peerAddress} dns ${ipv4?.dnsServers.join(" ")}`),
    down: () => log.push("down"),
    ended: (end, message) => log.push(`ended ${end}${message === "" ? "" : `: ${message}`}`),
  });
  engine.onCarrierLost = () => log.push("carrier lost");
  sim.advance(2500);
  engine.send({ text: "ATD*99#", timeoutMs: 5000 }, (reply) => {
    log.push(`dial ${reply.status}`);
    if (reply.status === "connect") link.start();
  });
  return { sim, modem, engine, link, log };
}

Deno.test("a dial with the library's engine and link ends with an address, and hangs up in order", () => {
  const { sim, modem, engine, link, log } = dial({});
  assert(sim.runUntil(() => link.session.isNetworkUp, 5000), log.join("\n"));
  assertEquals(modem.port.inputLines?.dcd, true);
  link.stop();
  sim.advance(5000);
  assertEquals(log, [
    "dial connect",
    "Establish",
    "Network",
    "up 10.64.64.100 10.64.64.1 dns 10.64.64.53 10.64.64.54",
    "down",
    "Terminate",
    "Dead",
    "ended closed",
    "carrier lost",
  ]);
  assertEquals(modem.port.inputLines?.dcd, false);
  assertEquals(engine.mode, "command");
  modem.close();
  engine.close();
  assertEquals(sim.pool.inUse, 0);
});
