/** The library brings every make of modem up, whatever it was left in, and leaves nothing behind. */
import { assertEquals } from "@std/assert";
import { Simulation } from "@lightwire/netif/sim";
import { ModemBringUp } from "../modem/bring_up.ts";
import type { BringUpOptions } from "../modem/bring_up_options.ts";
import { MODEM_MODELS, type ModemModelName } from "./modem_model.ts";
import { SimulatedModem } from "./simulated_modem.ts";
import type { SimulatedModemOptions } from "./simulated_modem_options.ts";

const credentials = { name: "tester", secret: "secret" };

/** Brings a modem up and down; how it ended, and what it warned of. */
function bringUp(modemOptions: SimulatedModemOptions, options: BringUpOptions): string[] {
  const sim = new Simulation({ seed: "makes" });
  const modem = new SimulatedModem(sim.host("modem"), { credentials, apn: "internet", ...modemOptions });
  const told: string[] = [];
  const run = new ModemBringUp(sim.host("computer"), modem.port, {
    apn: "internet",
    session: { credentials },
    ...options,
  }, {
    event: ({ state, cause }) => {
      if (state === "warning" || state === "failed") told.push(`${state} ${cause}`);
    },
    up: (_link, { ipv4 }) => told.push(`up ${ipv4?.dnsServers.length}`),
    ended: (cause) => told.push(cause),
  });
  run.start();
  sim.runUntil(() => told.some((line) => /^up|failed/.test(line)), 120_000);
  sim.advance(20_000);
  run.stop();
  sim.advance(60_000);
  modem.close();
  assertEquals([sim.timers.size, sim.pool.inUse], [0, 0]);
  return told;
}

for (const model of Object.keys(MODEM_MODELS) as ModemModelName[]) {
  for (const cmux of [false, true]) {
    for (const isNoisy of [false, true]) {
      for (const leftIn of ["command", "data", "multiplexer"] as const) {
        const how = `${cmux ? "multiplexed" : "one channel"}, ${
          isNoisy ? "noisy" : "quiet"
        }, left in ${leftIn}`;
        Deno.test(`make ${model} comes up: ${how}`, () => {
          const told = bringUp({ model, isNoisy, leftIn }, { cmux });
          const isWarned = leftIn === "command" ? [] : ["warning data-mode"];
          assertEquals(told, [...isWarned, "up 2", "closed"]);
        });
      }
    }
  }
}

for (const baudRate of [4800, 9600, 921_600]) {
  Deno.test(`a modem comes up at ${baudRate} baud`, () => {
    assertEquals(bringUp({ baudRate, isNoisy: true }, { baudRate }), ["up 2", "closed"]);
  });
}
