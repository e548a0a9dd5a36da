/** What the simulated modem and its operator do under each fault: one table.
 *
 * @module
 */
import type { LinkCause } from "../modem/link_cause.ts";

/** What PPP meets behind `CONNECT`. */
export type PppBehaviour =
  | "well"
  /** Nothing answers. */
  | "silent"
  /** The modem sends back what it gets. */
  | "looped"
  /** The peer asks, and takes no answer nor question of ours. */
  | "deaf"
  /** The peer insists on an authentication that nobody offers. */
  | "odd-auth"
  /** The peer takes no password. */
  | "no-password"
  /** The peer has no address for us. */
  | "no-address"
  /** The peer names no DNS servers. */
  | "no-dns"
  /** The peer ends it, a moment after it began. */
  | "terminates"
  /** The peer speaks IPv6 only. */
  | "ipv6-only"
  /** Large packets vanish. */
  | "black-hole";

/** What the modem and its operator do. */
export interface ModemBehaviour {
  /** Whether the modem says anything at all. */
  readonly isAlive: boolean;
  /** Whether its speed is another than the line's, and stays so. */
  readonly hasWrongBaud: boolean;
  /** Whether it was left in data mode, and whether it comes back. */
  readonly leftIn: "command" | "data" | "stuck-data";
  /** State of the SIM. */
  readonly sim: "ready" | "absent" | "pin" | "puk";
  /** Strength of the signal, 0 to 31, or 99 for none (3GPP TS 27.007 §8.5). */
  readonly rssi: number;
  /** What registration comes to: 1 home, 2 searching for ever, 3 denied, 5 roaming (3GPP TS 27.007 §7.2). */
  readonly registration: 1 | 2 | 3 | 5;
  /** Whether the network lets us attach for packets. */
  readonly isAttachRefused: boolean;
  /** Whether no access point name is known. */
  readonly isApnUnknown: boolean;
  /** What dialling leads to. */
  readonly dial: "CONNECT" | "NO CARRIER" | "BUSY" | "NO DIALTONE";
  /** Why it failed, for `+CEER`. */
  readonly failure: string;
  /** What PPP meets. */
  readonly ppp: PppBehaviour;
  /** What the line does to data. */
  readonly line: "clean" | "seven-bit" | "overrun";
}

const WELL: ModemBehaviour = {
  isAlive: true,
  hasWrongBaud: false,
  leftIn: "command",
  sim: "ready",
  rssi: 21,
  registration: 1,
  isAttachRefused: false,
  isApnUnknown: false,
  dial: "CONNECT",
  failure: "No report available",
  ppp: "well",
  line: "clean",
};

/** Behaviour under each fault, as far as it differs from a modem that works. Faults of ports are thrown when the port is opened;
 * those of services behind the link are made there. */
const FAULTS: Readonly<Record<LinkCause, Partial<ModemBehaviour>>> = {
  "no-port": {},
  "no-permission": {},
  "port-in-use": {},
  "no-answer": { isAlive: false },
  "wrong-baud": { hasWrongBaud: true },
  "data-mode": { leftIn: "data" },
  "data-mode-stuck": { leftIn: "stuck-data" },
  "no-sim": { sim: "absent" },
  "sim-pin": { sim: "pin" },
  "sim-puk": { sim: "puk" },
  "no-signal": { rssi: 99, registration: 2, failure: "No network service" },
  "not-registered": { registration: 2, failure: "No suitable cells in location area" },
  "registration-denied": { registration: 3, failure: "PLMN not allowed" },
  "roaming": { registration: 5 },
  "wrong-apn": { isApnUnknown: true, failure: "Missing or unknown APN" },
  "attach-refused": { isAttachRefused: true, failure: "GPRS services not allowed" },
  "no-carrier": { dial: "NO CARRIER", failure: "Network failure" },
  "busy": { dial: "BUSY", failure: "User busy" },
  "no-dialtone": { dial: "NO DIALTONE", failure: "No dial tone" },
  "silence-after-connect": { ppp: "silent" },
  "loopback": { ppp: "looped" },
  "lcp-timeout": { ppp: "deaf" },
  "auth-type-refused": { ppp: "odd-auth" },
  "auth-failed": { ppp: "no-password" },
  "no-address": { ppp: "no-address" },
  "no-dns": { ppp: "no-dns" },
  "peer-terminates": { ppp: "terminates" },
  "ipv6-only": { ppp: "ipv6-only" },
  "mtu-black-hole": { ppp: "black-hole" },
  "not-8-bit-clean": { line: "seven-bit" },
  "flow-control": { line: "overrun" },
  "clock-skew": {},
};

/** What a modem with this fault does; with none, one that works. */
export function behaviourOf(fault: LinkCause | undefined): ModemBehaviour {
  return fault === undefined ? WELL : { ...WELL, ...FAULTS[fault] };
}
