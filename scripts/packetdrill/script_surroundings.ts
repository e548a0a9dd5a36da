/** What stands around a script: addresses, words that its runner is expected to define, settings of all sockets.
 *
 * @module
 */
import { type IpAddress, parseIpAddress } from "@lightwire/ip";
import type { HarnessSocket } from "@lightwire/tcp/harness";
import { ScriptSyntaxError } from "./script_text.ts";

/** Our address unless `--local_ip` says otherwise: packetdrill's. */
const LOCAL_IP = "192.168.0.1";
/** The peer's unless `--remote_ip` says otherwise. */
const REMOTE_IP = "192.0.2.1";

/** What public scripts expect to be defined: cookies of Fast Open that come of the key in their defaults and those addresses. */
const USUAL_DEFINITIONS: Readonly<Record<string, string>> = {
  TFO_COOKIE: "3021b9d889017eeb",
  TFO_COOKIE_ZERO: "b7c12350a90dc8f5",
  CMSG_LEVEL_IP: "SOL_IP",
  CMSG_TYPE_RECVERR: "IP_RECVERR",
};

/** The script with texts in the place of words. */
export function withDefinitions(source: string, definitions: Readonly<Record<string, string>> = {}): string {
  const all: Readonly<Record<string, string>> = { ...USUAL_DEFINITIONS, ...definitions };
  return withConditions(source, all).replace(
    /\b[A-Z]\w+\b/g,
    (word) => Object.hasOwn(all, word) ? all[word]! : word,
  );
}

/** The addresses of the two sides.
 *
 * @throws {ScriptSyntaxError} if an option is no address.
 */
export function addressesOf(options: ReadonlyMap<string, string>): { local: IpAddress; remote: IpAddress } {
  return {
    local: addressOf(options.get("local_ip") ?? LOCAL_IP),
    remote: addressOf(options.get("remote_ip") ?? REMOTE_IP),
  };
}

function addressOf(text: string): IpAddress {
  const address = parseIpAddress(text);
  if (address === undefined) throw new ScriptSyntaxError(1, `Cannot read the address "${text}"`);
  return address;
}

/** What bits of Linux's tcp_fastopen mean for a socket on which a call is about to be made: listeners take text without having been
 * asked to, or without cookies; clients send it without. */
export function presetFastOpen(bits: number, call: string, socket: HarnessSocket): void {
  const isListen = call === "listen";
  const isConnect = call === "connect" || call === "sendto" || call === "sendmsg";
  if (isListen && (bits & 0x402) === 0x402 && socket.getOption("TCP_FASTOPEN") === 0) {
    socket.setOption("TCP_FASTOPEN", 1);
  }
  if (isListen && (bits & 0x200) !== 0 || isConnect && (bits & 4) !== 0) {
    socket.setOption("TCP_FASTOPEN_NO_COOKIE", 1);
  }
}

/** Lines between `#ifdef NAME`, `#ifndef NAME`, `#else` and `#endif` that do not hold become empty. What is defined is STANDARD, by which
 * scripts mean the RFCs rather than one system's ways, and the words that have a text. */
function withConditions(source: string, definitions: Readonly<Record<string, string>>): string {
  if (!/^#ifn?def\b/m.test(source)) return source;
  const holds: boolean[] = [];
  return source.split("\n").map((line) => {
    const found = /^#(ifdef|ifndef|else|endif)\b\s*(\w*)/.exec(line);
    if (found === null) return holds.includes(false) ? "" : line;
    const [, word, name] = found;
    if (word === "else") holds.push(holds.pop() === false);
    else if (word === "endif") holds.pop();
    else holds.push((name === "STANDARD" || Object.hasOwn(definitions, name!)) === (word === "ifdef"));
    return "";
  }).join("\n");
}
