/** The LINK options of `pppup`: what the line is.
 *
 * @module
 */
import { type ParsedOptions, parseInteger, UsageError } from "@lightwire/app-commands";
import { LINK_CAUSES, type LinkCause, parseLinkCause } from "@lightwire/ppp/modem";

/** What the line is. */
export type PppupLink =
  | {
    readonly kind: "device";
    /** Path of a tty or pty, or a port behind the network. */
    readonly device: string;
    /** Bits per second. */
    readonly baudRate: number;
    /** Whether `--baud` was given; if not, other speeds are tried. */
    readonly isBaudGiven: boolean;
    /** Flow control. */
    readonly flow: "none" | "rtscts";
    /** Whether a PPP peer is there at once. */
    readonly isDirect: boolean;
    /** Whether we are the side that is called. */
    readonly isServer: boolean;
  }
  | { readonly kind: "pppoe"; readonly networkInterface: string; readonly isServer: false }
  | {
    readonly kind: "l2tp";
    /** Name or address of the network server (LNS). */
    readonly hostname: string;
    /** Its UDP port; 1701 by default. */
    readonly port: number | undefined;
    /** The tunnel's secret. */
    readonly secret: string | undefined;
    readonly isServer: false;
  }
  | {
    readonly kind: "sim";
    /** What is wrong with the simulated modem or its network. */
    readonly fault: LinkCause | undefined;
    /** Bits per second of the simulated line. */
    readonly baudRate: number;
    /** Whether `--baud` was given. */
    readonly isBaudGiven: boolean;
    /** A simulated peer without a modem. */
    readonly isDirect: false;
    readonly isServer: false;
  };

/** Options with a value of this group. */
export const LINK_STRINGS = [
  "device",
  "baud",
  "flow",
  "pppoe",
  "l2tp",
  "tunnel-secret",
  "sim-fault",
] as const;
/** Options with a value of this group that may be repeated. */
export const LINK_COLLECTS = [] as const;
/** Options without a value of this group. */
export const LINK_BOOLEANS = ["direct", "server", "sim"] as const;

/** Speed by default. */
const DEFAULT_BAUD = 115_200;

/** Their part of the help text. */
export const LINK_HELP = `LINK
  --device PATH        serial port or pty; tcp:HOST:PORT or rfc2217:HOST:PORT for one behind the network
  --baud N             its speed (default: ${DEFAULT_BAUD}; other usual ones are tried if the modem is silent)
  --flow none|rtscts   flow control (default: none; a line with all its wires loses less with rtscts)
  --direct             PPP at once, no AT dialogue: a null modem, another computer
  --server             be the side that is called: --local and --remote give the addresses, --ms-dns the name
                       server, --user and --password who may come in; without --direct a modem answers the call
  --pppoe IFACE        PPP over Ethernet on this interface (CAP_NET_RAW)
  --l2tp HOST[:PORT]   in an L2TP tunnel over UDP to a network server; --tunnel-secret S if it wants one
  --sim                built-in simulated modem and operator; no hardware, no root, any system
  --sim-fault NAME     … with this fault, out of the list below`;

/** The names of the faults, for the help text. */
export const FAULT_NAMES: string = LINK_CAUSES.join(" ");

/** Reads the group.
 *
 * @throws {UsageError} unless there is exactly one link that makes sense.
 */
export function parseLink(o: ParsedOptions): PppupLink {
  const device = o.text("device");
  const pppoe = o.text("pppoe");
  const isSim = o.has("sim") || o.text("sim-fault") !== undefined;
  const l2tp = o.text("l2tp");
  const chosen = [device !== undefined, pppoe !== undefined, l2tp !== undefined, isSim];
  if (chosen.filter(Boolean).length !== 1) {
    throw new UsageError("Choose one link: --device PATH, --pppoe IFACE, --l2tp HOST or --sim.");
  }
  if (l2tp === undefined && o.text("tunnel-secret") !== undefined) {
    throw new UsageError("--tunnel-secret belongs to a tunnel: it needs --l2tp HOST.");
  }
  const baudText = o.text("baud");
  const baudRate = baudText === undefined ? DEFAULT_BAUD : parseInteger(baudText, "--baud", 50, 20_000_000);
  const isBaudGiven = baudText !== undefined;
  const isServer = o.has("server");
  const isDirect = o.has("direct");
  if (device === undefined) {
    for (const name of ["server", "direct"]) {
      if (o.has(name)) throw new UsageError(`--${name} is for a line: it needs --device PATH.`);
    }
    if (l2tp !== undefined) return parseTunnel(l2tp, o.text("tunnel-secret"));
    if (pppoe !== undefined) return { kind: "pppoe", networkInterface: pppoe, isServer: false };
    return {
      kind: "sim",
      fault: parseFault(o.text("sim-fault")),
      baudRate,
      isBaudGiven,
      isDirect: false,
      isServer: false,
    };
  }
  return {
    kind: "device",
    device,
    baudRate,
    isBaudGiven,
    flow: parseFlow(o.text("flow")),
    isDirect,
    isServer,
  };
}

function parseTunnel(text: string, secret: string | undefined): PppupLink {
  const match = /^([^:\s]+)(?::(\d+))?$/.exec(text);
  if (match === null) throw new UsageError(`--l2tp needs HOST or HOST:PORT, not "${text}".`);
  const port = match[2] === undefined ? undefined : parseInteger(match[2], "the port of --l2tp", 1, 65_535);
  return { kind: "l2tp", hostname: match[1]!, port, secret, isServer: false };
}

function parseFlow(text: string = "none"): "none" | "rtscts" {
  if (text !== "none" && text !== "rtscts") {
    throw new UsageError(`--flow must be none or rtscts, not "${text}".`);
  }
  return text;
}

function parseFault(text: string | undefined): LinkCause | undefined {
  if (text === undefined) return undefined;
  const cause = parseLinkCause(text);
  if (cause === undefined) {
    throw new UsageError(`--sim-fault must be one of ${FAULT_NAMES.replaceAll(" ", ", ")}, not "${text}".`);
  }
  return cause;
}
