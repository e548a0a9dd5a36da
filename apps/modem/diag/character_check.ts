/** Check of the line's cleanness: does every character come through, and if not, which do not.
 *
 * An echo request with all 256 octets in it shows whether; one request for each control character shows which. LCP packets
 * would not do: they are sent with all of them escaped (RFC 1662 §7.1).
 *
 * @module
 */
import { type CheckOutcome, pass, skip } from "./check.ts";
import { probeEcho } from "./echo_probe.ts";
import { type NetworkContext, onLineMs } from "./network_context.ts";

/** Octets of the data of one request; all 256 occur. */
const SIZE = 256;
const ALL: Uint8Array = Uint8Array.from({ length: SIZE }, (_, i) => i);
/** Data of which no octet is a control character. */
const PLAIN: readonly number[] = [0x41, 0x53, 0x66, 0x7a];
/** Octets with bit 7. */
const HIGH: readonly number[] = [0x91, 0xc5, 0xff];
/** Requests until one counts as lost: a packet may be lost by itself. */
const ATTEMPTS = 2;

const CONTROL_NAMES: Readonly<Record<number, string>> = {
  0x11: "XON",
  0x13: "XOFF",
  0x0d: "CR",
  0x0a: "LF",
  0x03: "ETX",
};

/** Sends every character through the line and back. */
export async function checkCharacters(c: NetworkContext): Promise<CheckOutcome> {
  const host = c.findings.echoHost;
  if (host === undefined) return skip("nobody sends back what is sent");
  const evidence: string[] = [];
  if (await passes(c, host, ALL, evidence, `all 256 octets to ${host}`)) {
    return pass("all 256 come through, there and back", evidence);
  }
  const plain = new Uint8Array(SIZE).fill(PLAIN[0]!);
  if (!await passes(c, host, plain, evidence, `${SIZE} letters`)) {
    return skip("packets of this length get lost, whatever is in them", evidence);
  }
  return judge(c, await findSwallowed(c, host, evidence), evidence);
}

function judge(c: NetworkContext, swallowed: readonly number[], evidence: readonly string[]): CheckOutcome {
  if (swallowed.length === 0) {
    return {
      result: "warn",
      text: "a mixture of all characters gets lost, each alone comes through",
      evidence,
      remedy: "Run it again; if it stays so, escape all control characters: `--accm ffffffff`.",
    };
  }
  const accm = swallowed.reduce((bits, octet) => octet < 32 ? (bits | (1 << octet)) >>> 0 : bits, 0);
  c.findings.unclean = accm;
  const common = { result: "fail" as const, cause: "not-8-bit-clean" as const, evidence };
  if (HIGH.every((octet) => swallowed.includes(octet))) {
    return {
      ...common,
      text: "octets with the eighth bit do not come through",
      remedy: "Set both sides to 8 bits without parity (8N1); no escaping helps against a line of seven.",
    };
  }
  const names = swallowed.map((o) =>
    `${hex(o)}${CONTROL_NAMES[o] === undefined ? "" : ` (${CONTROL_NAMES[o]})`}`
  );
  const facts = { accm: accm.toString(16).padStart(8, "0") };
  return { ...common, text: `lost on the line: ${names.join(", ")}`, facts };
}

/** Those of the 32 control characters, and of some octets with bit 7, that do not come back. */
async function findSwallowed(c: NetworkContext, host: string, evidence: string[]): Promise<number[]> {
  const swallowed: number[] = [];
  for (const octet of [...Array(32).keys(), ...HIGH]) {
    if (await comesBack(c, host, octet)) continue;
    swallowed.push(octet);
    evidence.push(`data with ${hex(octet)} in it: no answer to ${PLAIN.length * ATTEMPTS}`);
  }
  return swallowed;
}

/** With different company each time: check sums hold other octets then, which may be the ones that get lost. */
async function comesBack(c: NetworkContext, host: string, octet: number): Promise<boolean> {
  for (const letter of PLAIN) {
    if (await passes(c, host, Uint8Array.of(letter, octet), [], "", 16)) return true;
  }
  return false;
}

async function passes(
  c: NetworkContext,
  host: string,
  pattern: Uint8Array,
  evidence: string[],
  what: string,
  size: number = SIZE,
): Promise<boolean> {
  const idleMs = c.findings.idleMs ?? 500;
  const { sent, received } = await probeEcho(c.stack, host, {
    count: ATTEMPTS,
    size,
    pattern,
    isFirstEnough: true,
    timeoutMs: Math.min(c.timing.echoMs, 300 + 4 * idleMs) + 2 * onLineMs(c, size),
    signal: c.signal,
  });
  if (what !== "") evidence.push(`${what}: ${received > 0 ? "came back" : `no answer to ${sent}`}`);
  return received > 0;
}

function hex(octet: number): string {
  return `0x${octet.toString(16).padStart(2, "0")}`;
}
