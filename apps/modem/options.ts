/** The command line of `pppup`.
 *
 * @module
 */
import {
  type Addressing,
  type Command,
  COMMANDS,
  type Faults,
  OUTPUT_BOOLEANS,
  OUTPUT_STRINGS,
  type OutputOptions,
  parseAddressing,
  type ParsedOptions,
  parseFaults,
  parseOptions,
  parseOutput,
  UsageError,
} from "@lightwire/app-commands";
import type { SimulatedModemOptions } from "@lightwire/ppp/sim";
import {
  type Dialling,
  DIALLING_BOOLEANS,
  DIALLING_COLLECTS,
  DIALLING_STRINGS,
  parseDialling,
} from "./dialling_options.ts";
import { LINK_BOOLEANS, LINK_COLLECTS, LINK_STRINGS, parseLink, type PppupLink } from "./link_options.ts";
import { parseRedial, type Redial, REDIAL_BOOLEANS, REDIAL_STRINGS } from "./redial_options.ts";

/** What to do. */
export type Action =
  | { readonly kind: "up" }
  | { readonly kind: "diag"; readonly args: readonly string[] }
  /** With no commands, those of standard input. */
  | { readonly kind: "at"; readonly commands: readonly string[] }
  | { readonly kind: "run"; readonly command: Command; readonly args: readonly string[] };

/** Everything the command line says. */
export interface PppupOptions {
  /** The line. */
  readonly link: PppupLink;
  /** The modem, the network and PPP. */
  readonly dialling: Dialling;
  /** When to dial, and when again. */
  readonly redial: Redial;
  /** Further routes and name servers. */
  readonly addressing: Addressing;
  /** What is wrong with the link. */
  readonly faults: Faults | undefined;
  /** How much is said. */
  readonly output: OutputOptions;
  /** File for all packets. */
  readonly pcap: string | undefined;
  /** Print all packets. */
  readonly isTraced: boolean;
  /** What to do. */
  readonly action: Action;
  /** More of the simulated modem, for tests: how long it takes. */
  readonly simulation?: Pick<SimulatedModemOptions, "searchMs" | "connectMs">;
}

/** The simulated operator's name server. */
const SIM_NAME_SERVER = "10.64.64.53";
/** Options of the ADDRESSING group that make sense on a link to one peer. */
const ADDRESSING_STRINGS = ["mtu", "hostname"] as const;
const ADDRESSING_COLLECTS = ["dns", "route"] as const;

/** Reads the command line.
 *
 * @returns "help" when that is what is wanted.
 * @throws {UsageError} when it makes no sense.
 */
export function parsePppup(args: readonly string[]): PppupOptions | "help" {
  const o = parseOptions(args, {
    stopEarly: true,
    string: [
      ...LINK_STRINGS,
      ...DIALLING_STRINGS,
      ...REDIAL_STRINGS,
      ...ADDRESSING_STRINGS,
      ...OUTPUT_STRINGS,
    ],
    collect: [...LINK_COLLECTS, ...DIALLING_COLLECTS, ...ADDRESSING_COLLECTS, "fault"],
    boolean: [...LINK_BOOLEANS, ...DIALLING_BOOLEANS, ...REDIAL_BOOLEANS, ...OUTPUT_BOOLEANS],
  });
  if (o.has("h") || o.has("help")) return "help";
  const action = parseAction(o.words);
  const link = parseLink(o);
  const dialling = parseDialling(o, link);
  if (
    action.kind === "at" &&
    (link.kind === "pppoe" || link.kind === "l2tp" || (link.kind === "device" && link.isDirect))
  ) {
    throw new UsageError("There is no modem to send commands to: at needs --device PATH or --sim.");
  }
  if (action.kind === "diag" && (link.kind === "pppoe" || link.kind === "l2tp")) {
    throw new UsageError("diag is about serial lines: it needs --device PATH or --sim.");
  }
  const redial = parseRedial(o);
  return {
    link,
    dialling,
    redial,
    addressing: parseOwnAddressing(o, redial.isOnDemand, link.kind === "sim"),
    faults: parseFaults(o.all("fault")),
    output: parseOutput(o),
    pcap: o.text("pcap"),
    isTraced: o.has("trace"),
    action,
  };
}

function parseAction(words: readonly string[]): Action {
  const [word, ...args] = words;
  if (word === undefined || word === "up") {
    if (args.length > 0) throw new UsageError(`Nothing follows "up", but there is "${args[0]}".`);
    return { kind: "up" };
  }
  if (word === "diag") return { kind: "diag", args };
  if (word === "at") return { kind: "at", commands: args };
  const command = COMMANDS.find((c) => c.name === word);
  if (command === undefined) {
    const names = ["up", "diag", "at", ...COMMANDS.map((c) => c.name)];
    throw new UsageError(`Unknown command "${word}"; there are ${names.join(", ")}.`);
  }
  return { kind: "run", command, args };
}

/** The peer gives the address; `--local` wishes for one. */
function parseOwnAddressing(o: ParsedOptions, isOnDemand: boolean, isSim: boolean): Addressing {
  const known: ReadonlySet<string> = new Set([...ADDRESSING_STRINGS, ...ADDRESSING_COLLECTS]);
  const addressing = parseAddressing({
    text: (name) => known.has(name) ? o.text(name) : undefined,
    has: () => false,
    all: (name) => known.has(name) ? o.all(name) : [],
    words: [],
  });
  if (!isOnDemand || addressing.dns.length > 0) return addressing;
  if (isSim) return { ...addressing, dns: [SIM_NAME_SERVER] };
  // Nobody dials to ask for a name when it is not known whom to ask.
  throw new UsageError(
    "--demand needs --dns A: the peer's name servers are not known before the first call.",
  );
}
