/** The relay as a program: `main.ts IFACE-A IFACE-B`. It reads a line of JSON ({@linkcode RelayFaults}) for each change of the
 * weather from its standard input, and answers with what happened since the last one.
 *
 * @module
 */
import { PacketDriver } from "@lightwire/app-ethernet/packet-driver";
import { Stack } from "@lightwire/sockets";
import { Relay, type RelayFaults } from "./relay.ts";
import { jsonLines } from "./json_lines.ts";

if (import.meta.main) {
  const [nameA, nameB] = Deno.args;
  if (nameA === undefined || nameB === undefined) throw new Error("Usage: main.ts IFACE-A IFACE-B");
  // A stack without interfaces, for its clock, timers and packet memory.
  const host = new Stack({ loopback: false });
  const wires = [nameA, nameB].map((name) => PacketDriver.open({ name, pool: host.pool }));
  const relay = new Relay(wires[0]!, wires[1]!, host.timers);
  console.log(JSON.stringify({ event: "ready" }));
  for await (const faults of jsonLines(Deno.stdin.readable)) {
    const { counters, overflowed } = relay;
    relay.setFaults(faults as RelayFaults);
    console.log(JSON.stringify({ event: "set", counters, overflowed }));
  }
  relay.close();
  for (const wire of wires) await wire.closeAndWait();
  await host.close();
}
