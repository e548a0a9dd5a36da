/** {@linkcode formatPppOptions}: the options of the control protocols as text, by their names.
 *
 * @module
 */
import { type CpOption, optionNumber, parseCpOptions, peerText } from "./cp_packet.ts";
import { PPP_CCP, PPP_CHAP, PPP_IPCP, PPP_IPV6CP, PPP_LCP, pppProtocolName } from "./ppp_protocol_number.ts";

type ValueFormat = (data: Uint8Array) => string;

/** Octets of an unknown value that are shown; the rest is only counted. */
const MAX_SHOWN_OCTETS = 16;

/** Octets as hexadecimal digits: all of a few, the beginning of many. */
export function hexText(data: Uint8Array): string {
  let text = "";
  for (const octet of data.subarray(0, MAX_SHOWN_OCTETS)) text += octet.toString(16).padStart(2, "0");
  return data.length > MAX_SHOWN_OCTETS ? `${text}… (${data.length} octets)` : text;
}

function decimal(data: Uint8Array): string {
  return String(optionNumber({ type: 0, data }));
}

function addresses(data: Uint8Array): string {
  const words: string[] = [];
  for (let at = 0; at < data.length; at += 4) words.push(data.subarray(at, at + 4).join("."));
  return words.join(" ");
}

function identifier(data: Uint8Array): string {
  const words: string[] = [];
  for (let at = 0; at < data.length; at += 2) {
    words.push(((data[at]! << 8) | (data[at + 1] ?? 0)).toString(16).padStart(4, "0"));
  }
  return words.join(":");
}

const CHAP_ALGORITHMS: Readonly<Record<number, string>> = { 5: "chap-md5", 0x80: "mschap", 0x81: "mschapv2" };

function authentication(data: Uint8Array): string {
  const protocol = decimalPair(data);
  if (protocol !== PPP_CHAP) return pppProtocolName(protocol).toLowerCase();
  return CHAP_ALGORITHMS[data[2] ?? -1] ?? `chap with algorithm ${data[2] ?? "missing"}`;
}

function decimalPair(data: Uint8Array): number {
  return ((data[0] ?? 0) << 8) | (data[1] ?? 0);
}

function protocolAndRest(data: Uint8Array): string {
  const rest = data.length > 2 ? ` ${hexText(data.subarray(2))}` : "";
  return pppProtocolName(decimalPair(data)) + rest;
}

/** Van Jacobson's compression (RFC 1332 §4): highest slot, and whether slot numbers may be left out. */
function headerCompression(data: Uint8Array): string {
  if (decimalPair(data) !== 0x2d || data.length !== 4) return protocolAndRest(data);
  return `VJ slots ${data[2]! + 1}${data[3] === 1 ? " slot-id" : ""}`;
}

/** Bits of MPPE and MPPC (RFC 3078 §2.1). */
const MPPE_BITS: readonly (readonly [number, string])[] = [
  [0x0100_0000, "stateless"],
  [0x40, "128"],
  [0x80, "56"],
  [0x20, "40"],
  [0x10, "D"],
  [0x01, "MPPC"],
];

function encryption(data: Uint8Array): string {
  let rest = optionNumber({ type: 0, data });
  const words: string[] = [];
  for (const [bit, name] of MPPE_BITS) {
    if ((rest & bit) === 0) continue;
    words.push(name);
    rest &= ~bit;
  }
  if (rest !== 0) words.push(rest.toString(16));
  return words.join(" ") || "none";
}

/** Name, length of the value if it is fixed, and form of each option. */
type OptionTable = Readonly<Record<number, readonly [string, number | undefined, ValueFormat]>>;

const LCP: OptionTable = {
  1: ["mru", 2, decimal],
  2: ["accm", 4, hexText],
  3: ["auth", undefined, authentication],
  4: ["quality", undefined, protocolAndRest],
  5: ["magic", 4, hexText],
  7: ["pfc", 0, hexText],
  8: ["acfc", 0, hexText],
  9: ["fcs", 1, hexText],
  13: ["callback", undefined, hexText],
  17: ["mrru", 2, decimal],
  18: ["short-sequence", 0, hexText],
  19: ["endpoint", undefined, hexText],
};
const IPCP: OptionTable = {
  1: ["addresses", 8, addresses],
  2: ["compress", undefined, headerCompression],
  3: ["address", 4, addresses],
  129: ["dns1", 4, addresses],
  130: ["nbns1", 4, addresses],
  131: ["dns2", 4, addresses],
  132: ["nbns2", 4, addresses],
};
const IPV6CP: OptionTable = {
  1: ["identifier", 8, identifier],
  2: ["compress", undefined, protocolAndRest],
};
const CCP: OptionTable = {
  0: ["oui", undefined, hexText],
  1: ["predictor-1", 0, hexText],
  2: ["predictor-2", 0, hexText],
  17: ["lzs", undefined, hexText],
  18: ["mppe", 4, encryption],
  21: ["bsd", 1, hexText],
  26: ["deflate", 2, hexText],
};
const TABLES: ReadonlyMap<number, OptionTable> = new Map([
  [PPP_LCP, LCP],
  [PPP_IPCP, IPCP],
  [PPP_IPV6CP, IPV6CP],
  [PPP_CCP, CCP],
]);

function formatOption(table: OptionTable | undefined, option: CpOption): string {
  const entry = table?.[option.type];
  if (entry === undefined || (entry[1] !== undefined && entry[1] !== option.data.length)) {
    const name = entry?.[0] ?? `option ${option.type}`;
    return option.data.length === 0 ? name : `${name} ${hexText(option.data)}`;
  }
  return option.data.length === 0 ? entry[0] : `${entry[0]} ${entry[2](option.data)}`;
}

/** A list of options as text, each with its name and value: "mru 1500 auth chap-md5 pfc".
 *
 * @param protocol Whose options they are.
 * @param data The list, behind the packet's header.
 */
export function formatPppOptions(protocol: number, data: Uint8Array): string {
  const options = parseCpOptions(data);
  if (options === undefined) return `malformed options ${hexText(data)}`;
  return options.map((option) => formatOption(TABLES.get(protocol), option)).join(" ");
}

/** Text of a peer in quotation marks, made harmless; digits that could identify a subscriber are left out on demand. */
export function quotedText(data: Uint8Array, hidesIdentities: boolean = false): string {
  const text = JSON.stringify(peerText(data));
  return hidesIdentities ? text.replace(/\d{14,}/g, "<hidden>") : text;
}
