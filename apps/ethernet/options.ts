/** The command line of `ethup`.
 *
 * @module
 */
import {
  type Addressing,
  ADDRESSING_BOOLEANS,
  ADDRESSING_COLLECTS,
  ADDRESSING_HELP,
  ADDRESSING_STRINGS,
  type Command,
  COMMANDS,
  FAULT_HELP,
  type Faults,
  OUTPUT_BOOLEANS,
  OUTPUT_HELP,
  OUTPUT_STRINGS,
  type OutputOptions,
  parseAddressing,
  parseFaults,
  parseOptions,
  parseOutput,
  UsageError,
} from "@lightwire/app-commands";

/** How the host is attached. */
export type Link =
  | { readonly kind: "tap" | "tun" | "raw"; readonly name: string }
  | { readonly kind: "sim" };

/** Everything the command line says. */
export interface EthupOptions {
  /** The link. */
  readonly link: Link;
  /** Exchange super-segments and unfinished checksums with the kernel. */
  readonly hasOffload: boolean;
  /** What is wrong with the link. */
  readonly faults: Faults | undefined;
  /** How the host gets its addresses. */
  readonly addressing: Addressing;
  /** How much is said. */
  readonly output: OutputOptions;
  /** File for all packets. */
  readonly pcap: string | undefined;
  /** Print all packets. */
  readonly isTraced: boolean;
  /** What to do. */
  readonly command: Command;
  /** Its words. */
  readonly commandArgs: readonly string[];
}

const LINKS = ["tap", "tun", "raw"] as const;

/** The help text. */
export const HELP = `ethup: a host of its own on an Ethernet, with its own TCP/IP stack

ethup LINK [ADDRESSING] [OUTPUT] COMMAND …

LINK
  --tap NAME           create or attach a Linux TAP      (CAP_NET_ADMIN, or a device made for you)
  --tun NAME           likewise, TUN
  --raw IFACE          raw socket on an existing interface: own MAC, the kernel's stack untouched (CAP_NET_RAW)
  --sim                built-in simulated network: router, DHCP, DNS, NTP, HTTP; no root, any system
  --no-offload         no super-segments, every checksum in software
${FAULT_HELP}

${ADDRESSING_HELP}

${OUTPUT_HELP}

COMMANDS
${COMMANDS.map((c) => `  ${c.usage}\n      ${c.summary}`).join("\n")}

Examples
  ethup --sim ping -c 3 www.example.test
  ethup --tap tap0 --address 10.9.0.2/24 httpd --root . --port 80
  ethup --raw eth1 --dhcp get http://www.example.com/ -o page.html

Exit status: 0 done, 1 the network said no, 2 wrong usage, 130 interrupted.
`;

/** Reads the command line.
 *
 * @returns "help" when that is what is wanted.
 * @throws {UsageError} when it makes no sense.
 */
export function parseEthup(args: readonly string[]): EthupOptions | "help" {
  const o = parseOptions(args, {
    stopEarly: true,
    string: [...LINKS, ...ADDRESSING_STRINGS, ...OUTPUT_STRINGS],
    collect: [...ADDRESSING_COLLECTS, "fault"],
    boolean: ["sim", "no-offload", ...ADDRESSING_BOOLEANS, ...OUTPUT_BOOLEANS],
  });
  if (o.has("h") || o.has("help")) return "help";
  const [word, ...commandArgs] = o.words;
  const link = parseLink(o);
  if (word === undefined) {
    throw new UsageError("Say what to do: ethup LINK … COMMAND; -h lists the commands.");
  }
  const command = COMMANDS.find((c) => c.name === word);
  if (command === undefined) {
    throw new UsageError(`Unknown command "${word}"; there are ${COMMANDS.map((c) => c.name).join(", ")}.`);
  }
  const addressing = parseAddressing(o);
  const output = parseOutput(o);
  const hasAddress = addressing.isDhcp || addressing.addresses.length > 0;
  if (link.kind !== "sim" && !hasAddress && command.name !== "capture") {
    throw new UsageError("The host needs an address: --address A/LEN, or --dhcp.");
  }
  return {
    link,
    hasOffload: !o.has("no-offload"),
    faults: parseFaults(o.all("fault")),
    addressing,
    output,
    pcap: o.text("pcap"),
    isTraced: o.has("trace"),
    command,
    commandArgs,
  };
}

function parseLink(o: { text(name: string): string | undefined; has(name: string): boolean }): Link {
  const named = LINKS.filter((kind) => o.text(kind) !== undefined);
  if (named.length + (o.has("sim") ? 1 : 0) !== 1) {
    throw new UsageError("Choose one link: --tap NAME, --tun NAME, --raw IFACE or --sim.");
  }
  const [kind] = named;
  return kind === undefined ? { kind: "sim" } : { kind, name: o.text(kind)! };
}
