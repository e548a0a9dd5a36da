/** `deno task demo`: a simulated host comes up, pings, resolves, fetches a page and measures throughput, in a few seconds, with no
 * root and no hardware.
 *
 * @module
 */
import { COMMANDS, LinkHost, Output, runProgram, SimulatedInternet } from "@lightwire/app-commands";

const STEPS: readonly (readonly [what: string, ...words: string[]])[] = [
  ["addresses and routes of the host", "status"],
  ["echoes from a server behind a router", "ping", "-c", "3", "-i", "0.2", "www.example.test"],
  ["the way there", "traceroute", "www.example.test"],
  ["a name, asked of the DNS server", "dig", "www.example.test"],
  ["a page by HTTP", "get", "http://www.example.test/"],
  [
    "throughput for two seconds, MTU 1500, every checksum computed",
    "iperf",
    "-c",
    "www.example.test",
    "-t",
    "2",
  ],
];

const output = new Output({ json: false, quiet: false, verbose: false });

const code = await runProgram(output, async (signal) => {
  console.log(output.strong("A host on a simulated LAN asks for an address (DHCP)"));
  const internet = new SimulatedInternet();
  const host = await LinkHost.bringUp({
    openDriver: (stack) => internet.connect(stack),
    addressing: {
      addresses: [],
      gateway: undefined,
      dns: [],
      isDhcp: true,
      mac: undefined,
      mtu: undefined,
      hostname: "demo",
      routes: [],
      vlan: undefined,
    },
    faults: undefined,
    pcap: undefined,
    isTraced: false,
    output,
    signal,
  });
  let failures = 0;
  try {
    for (const [what, name, ...words] of STEPS) {
      console.log(`\n${output.strong(what)}   ${output.dim(`$ ethup --sim ${[name, ...words].join(" ")}`)}`);
      const command = COMMANDS.find((c) => c.name === name)!;
      if (await command.prepare(words)(host.context) !== 0) failures++;
    }
  } finally {
    await host.close();
    internet.close();
  }
  console.log(
    failures === 0
      ? `\n${output.good("Everything worked.")} Try: deno task ethup --sim -h`
      : `\n${output.bad(`${failures} steps failed.`)}`,
  );
  return failures === 0 ? 0 : 1;
});
Deno.exit(code);
