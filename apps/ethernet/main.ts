/** `ethup`: a host of its own on an Ethernet.
 *
 * @module
 */
import {
  type BroadcastHostOptions,
  explain,
  LinkHost,
  Output,
  runProgram,
  SimulatedInternet,
  UsageError,
} from "@lightwire/app-commands";
import { PbufPool } from "@lightwire/pbuf";
import { type EthupOptions, HELP, parseEthup } from "./options.ts";
import { PacketDriver } from "./linux/packet_driver.ts";
import { TapDriver } from "./linux/tap_driver.ts";

/** Runs `ethup` with the words behind its name.
 *
 * @returns the exit status.
 */
export async function ethup(args: readonly string[]): Promise<number> {
  let options: EthupOptions | "help";
  try {
    options = parseEthup(args);
  } catch (error) {
    return explain(new Output({ json: false, quiet: false, verbose: false }), error);
  }
  if (options === "help") {
    console.log(HELP);
    return 0;
  }
  const { command, commandArgs } = options;
  const output = new Output(options.output);
  const chosen = options;
  return await runProgram(output, async (signal) => {
    const run = command.prepare(commandArgs);
    const internet = chosen.link.kind === "sim" ? new SimulatedInternet() : undefined;
    const host = await LinkHost.bringUp(hostOptions(chosen, internet, output, signal));
    try {
      return await run(host.context);
    } finally {
      output.status("");
      await host.close();
      internet?.close();
    }
  });
}

function hostOptions(
  o: EthupOptions,
  internet: SimulatedInternet | undefined,
  output: Output,
  signal: AbortSignal,
): BroadcastHostOptions {
  const common = { faults: o.faults, pcap: o.pcap, isTraced: o.isTraced, output, signal };
  if (internet !== undefined) {
    const hasOwn = o.addressing.isDhcp || o.addressing.addresses.length > 0;
    const addressing = hasOwn ? o.addressing : {
      ...o.addressing,
      addresses: [`${internet.clientAddress}/24`],
      gateway: o.addressing.gateway ?? internet.routerAddress,
      dns: o.addressing.dns.length > 0 ? o.addressing.dns : [internet.routerAddress],
    };
    return { ...common, addressing, openDriver: (stack) => internet.connect(stack) };
  }
  const { link } = o;
  if (link.kind === "sim") throw new UsageError("--sim is handled above.");
  const pool = new PbufPool();
  const shared = {
    name: link.name,
    pool,
    offload: o.hasOffload && o.faults === undefined,
    ...(o.addressing.mtu === undefined ? {} : { mtu: o.addressing.mtu }),
  };
  const { kind } = link;
  return {
    ...common,
    pool,
    addressing: o.addressing,
    openDriver: () => {
      if (kind === "raw") return PacketDriver.open(shared);
      const tap = TapDriver.open({ ...shared, mode: kind });
      if (tap.wasCreated) {
        output.note(`Made ${link.name}; on the kernel's side: ip addr add A/LEN dev ${link.name}`);
      }
      return tap;
    },
  };
}

if (import.meta.main) Deno.exit(await ethup(Deno.args));
