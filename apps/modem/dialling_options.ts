/** The DIALLING options: the modem, the network and PPP.
 *
 * @module
 */
import { type ParsedOptions, parseInteger, parsePositive, UsageError } from "@lightwire/app-commands";
import { parseIpAddress } from "@lightwire/ip/address";
import type { PppAuthMethod } from "@lightwire/ppp";
import type { PppupLink } from "./link_options.ts";

/** What the options say. */
export interface Dialling {
  /** Access point name; `undefined`: the modem's own. */
  readonly apn: string | undefined;
  /** PIN of the SIM. */
  readonly pin: string | undefined;
  /** Our name, or of a server the caller's. */
  readonly user: string | undefined;
  /** The password that belongs to it. */
  readonly password: string | undefined;
  /** Ways to authenticate, best first; `undefined`: all, `[]`: none. */
  readonly authMethods: readonly PppAuthMethod[] | undefined;
  /** Number to dial. */
  readonly number: string | undefined;
  /** Commands sent to the modem first. */
  readonly init: readonly string[];
  /** Largest packet that we receive. */
  readonly mru: number | undefined;
  /** Characters that the peer has to escape. */
  readonly accm: number | undefined;
  /** Header compression. */
  readonly isVjWanted: boolean;
  /** Encryption is required. */
  readonly isMppeRequired: boolean;
  /** Commands and data at once. */
  readonly hasCmux: boolean;
  /** IPv4. */
  readonly hasIpv4: boolean;
  /** IPv6. */
  readonly hasIpv6: boolean;
  /** Milliseconds between LCP echoes, 0 for none; `undefined`: as usual. */
  readonly echoIntervalMs: number | undefined;
  /** Our address; `undefined`: what the peer gives. */
  readonly local: string | undefined;
  /** The peer's address. */
  readonly remote: string | undefined;
  /** Name servers that the peer is told, at most two. */
  readonly dnsForPeer: readonly string[];
  /** Answer a call, in place of dialling. */
  readonly isAnswering: boolean;
}

/** Options with a value of this group. */
export const DIALLING_STRINGS = [
  "apn",
  "pin",
  "user",
  "password",
  "password-file",
  "auth",
  "number",
  "mru",
  "accm",
  "lcp-echo-interval",
  "local",
  "remote",
] as const;
/** Options with a value of this group that may be repeated. */
export const DIALLING_COLLECTS = ["init", "ms-dns"] as const;
/** Options without a value of this group. */
export const DIALLING_BOOLEANS = ["no-vj", "mppe", "cmux", "ipv6", "no-ipv4"] as const;

/** Their part of the help text. */
export const DIALLING_HELP = `DIALLING
  --apn NAME           access point name of the operator (default: what the modem has)
  --pin N              PIN of the SIM; entered once, never again if it is wrong
  --user U             name and password for the peer, if it asks; many operators take any
  --password P         … --password-file FILE keeps it out of the list of processes
  --auth LIST          ways to prove it: pap,chap,mschap,mschapv2,eap or none (default: all, the best first)
  --number N           what to dial (default: *99#)
  --init 'AT…'         command sent to the modem before (repeatable)
  --cmux               commands and data at once: the status line goes on showing signal and registration
  --mru N  --accm HEX  largest packet we take; characters the peer must escape (0 none, ffffffff all)
  --no-vj  --mppe      without TCP header compression; only with encryption
  --ipv6  --no-ipv4    IPv6 too, or alone
  --lcp-echo-interval S  seconds between signs of life, 0 for none (default: 10; three unanswered end it)
  --local A --remote A  addresses that are wished for; of a server, those of both sides
  --ms-dns A           name server that a server tells its caller (twice at most)`;

const METHODS: Readonly<Record<string, PppAuthMethod>> = {
  "pap": "pap",
  "chap": "chap-md5",
  "chap-md5": "chap-md5",
  "mschap": "mschap",
  "mschapv2": "mschapv2",
  "eap": "eap",
};

/** Reads the group.
 *
 * @throws {UsageError} for what makes no sense.
 */
export function parseDialling(o: ParsedOptions, link: PppupLink): Dialling {
  const isServer = link.kind === "device" && link.isServer;
  if (isServer) {
    for (const name of ["local", "remote"]) {
      if (o.text(name) === undefined) throw new UsageError(`--server needs --${name} A.`);
    }
  }
  if (o.has("no-ipv4") && !o.has("ipv6")) throw new UsageError("--no-ipv4 needs --ipv6.");
  const pin = o.text("pin");
  if (pin !== undefined && !/^\d{4,8}$/.test(pin)) throw new UsageError("--pin must be 4 to 8 digits.");
  const number = o.text("number");
  if (number !== undefined && !/^[0-9A-Da-dTtPpWw*#+,!@;-]+$/.test(number)) {
    throw new UsageError(`--number must be made of digits, * # + and the like, not "${number}".`);
  }
  const dnsForPeer = o.all("ms-dns").map((text) => parseAddress(text, "--ms-dns"));
  if (dnsForPeer.length > 2) throw new UsageError("--ms-dns may be given twice at most.");
  for (const command of o.all("init")) {
    if (!/^at/i.test(command)) throw new UsageError(`--init must begin with AT, not "${command}".`);
  }
  const interval = o.text("lcp-echo-interval");
  return {
    apn: parseApn(o.text("apn")),
    pin,
    user: o.text("user"),
    password: readPassword(o),
    authMethods: parseMethods(o.text("auth")),
    number,
    init: o.all("init"),
    mru: o.text("mru") === undefined ? undefined : parseInteger(o.text("mru")!, "--mru", 128, 16_384),
    accm: parseAccm(o.text("accm")),
    isVjWanted: !o.has("no-vj"),
    isMppeRequired: o.has("mppe"),
    hasCmux: o.has("cmux"),
    hasIpv4: !o.has("no-ipv4"),
    hasIpv6: o.has("ipv6"),
    echoIntervalMs: interval === undefined
      ? undefined
      : interval === "0"
      ? 0
      : parsePositive(interval, "--lcp-echo-interval") * 1000,
    local: o.text("local") === undefined ? undefined : parseAddress(o.text("local")!, "--local"),
    remote: o.text("remote") === undefined ? undefined : parseAddress(o.text("remote")!, "--remote"),
    dnsForPeer,
    isAnswering: isServer && link.kind === "device" && !link.isDirect,
  };
}

function parseMethods(text: string | undefined): readonly PppAuthMethod[] | undefined {
  if (text === undefined) return undefined;
  const words = text.split(",").filter((word) => word !== "");
  const methods: PppAuthMethod[] = [];
  for (const word of words) {
    const method = METHODS[word];
    if (method === undefined && word !== "none") {
      throw new UsageError(`--auth must be made of pap,chap,mschap,mschapv2,eap,none, not "${word}".`);
    }
    if (method !== undefined && !methods.includes(method)) methods.push(method);
  }
  return methods;
}

function parseAccm(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^(?:0x)?[0-9a-f]{1,8}$/i.test(text)) {
    throw new UsageError(`--accm must be up to eight hexadecimal digits, not "${text}".`);
  }
  return parseInt(text.replace(/^0x/i, ""), 16);
}

function parseApn(text: string | undefined): string | undefined {
  // deno-lint-ignore no-control-regex
  if (text !== undefined && /["\x00-\x1f\x7f]/.test(text)) {
    throw new UsageError("--apn must not hold quotes or line ends.");
  }
  return text;
}

function parseAddress(text: string, option: string): string {
  if (parseIpAddress(text)?.family !== 4) {
    throw new UsageError(`${option} must be an IPv4 address, not "${text}".`);
  }
  return text;
}

function readPassword(o: ParsedOptions): string | undefined {
  const file = o.text("password-file");
  if (file === undefined) return o.text("password");
  if (o.text("password") !== undefined) throw new UsageError("Choose one: --password or --password-file.");
  try {
    return Deno.readTextFileSync(file).replace(/\r?\n$/, "");
  } catch (error) {
    throw new UsageError(`Cannot read --password-file ${file}: ${(error as Error).message}`);
  }
}
