/** What can be wrong with a modem and its link: one vocabulary for the bring-up, its diagnosis and the simulation.
 *
 * @module
 */

/** Ids of all causes, in the order in which a bring-up meets them. */
export const LINK_CAUSES = [
  "no-port",
  "no-permission",
  "port-in-use",
  "no-answer",
  "wrong-baud",
  "data-mode",
  "data-mode-stuck",
  "no-sim",
  "sim-pin",
  "sim-puk",
  "no-signal",
  "not-registered",
  "registration-denied",
  "roaming",
  "wrong-apn",
  "attach-refused",
  "no-carrier",
  "busy",
  "no-dialtone",
  "silence-after-connect",
  "loopback",
  "lcp-timeout",
  "auth-type-refused",
  "auth-failed",
  "no-address",
  "no-dns",
  "peer-terminates",
  "ipv6-only",
  "mtu-black-hole",
  "not-8-bit-clean",
  "flow-control",
  "clock-skew",
] as const;

/** One of them. */
export type LinkCause = typeof LINK_CAUSES[number];

const MEANINGS: Readonly<Record<LinkCause, string>> = {
  "no-port": "there is no such serial port",
  "no-permission": "the serial port may not be opened by this user",
  "port-in-use": "another program holds the serial port",
  "no-answer": "nothing answers AT at any speed",
  "wrong-baud": "the modem answers at another speed than the one asked for",
  "data-mode": "the modem had been left in data mode, and came back from it",
  "data-mode-stuck": "the modem is in data mode and does not come back from it",
  "no-sim": "the modem finds no SIM",
  "sim-pin": "the SIM wants its PIN, or the one given is wrong",
  "sim-puk": "the SIM is locked and wants its PUK",
  "no-signal": "the modem hears no network",
  "not-registered": "no network took the modem in within the time allowed",
  "registration-denied": "the network refuses the SIM or the modem",
  "roaming": "the modem is in a foreign network",
  "wrong-apn": "the network does not know the access point name, or not for this contract",
  "attach-refused": "the network refuses packet service",
  "no-carrier": "the call was not connected, or the connection was lost",
  "busy": "the other side is busy",
  "no-dialtone": "the modem gets no dial tone",
  "silence-after-connect": "nothing came from the other side after CONNECT",
  "loopback": "the line sends back what it is sent",
  "lcp-timeout": "the other side speaks, but LCP finds no end",
  "auth-type-refused": "the two sides have no authentication in common",
  "auth-failed": "the name or the password was not accepted",
  "no-address": "the other side gives no IP address",
  "no-dns": "the other side names no server for names, or none that answers",
  "peer-terminates": "the other side ended the connection",
  "ipv6-only": "the network has IPv6 only",
  "mtu-black-hole": "large packets get lost without a word",
  "not-8-bit-clean": "the line eats or changes characters",
  "flow-control": "characters get lost under load",
  "clock-skew": "the clock of this computer is wrong",
};

/** The causes with which a link works all the same. */
const WARNINGS: ReadonlySet<LinkCause> = new Set(["wrong-baud", "data-mode", "roaming", "clock-skew"]);

/** The causes that another attempt meets again: something has to be put right first, and a SIM or an account may be locked by
 * trying. */
const FINAL: ReadonlySet<LinkCause> = new Set([
  "no-port",
  "no-permission",
  "no-sim",
  "sim-pin",
  "sim-puk",
  "wrong-apn",
  "auth-type-refused",
  "auth-failed",
  "ipv6-only",
]);

/** Whether dialling again is of no use. */
export function isFinalCause(cause: LinkCause): boolean {
  return FINAL.has(cause);
}

/** What a cause means, in a few words for people. */
export function linkCauseText(cause: LinkCause): string {
  return MEANINGS[cause];
}

/** Whether a link works in spite of this cause. */
export function isLinkWarning(cause: LinkCause): boolean {
  return WARNINGS.has(cause);
}

/** Reads the id of a cause; `undefined` when there is no such. */
export function parseLinkCause(text: string): LinkCause | undefined {
  return LINK_CAUSES.find((cause) => cause === text);
}
