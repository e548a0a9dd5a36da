/** Check of this computer's clock against the network's time.
 *
 * @module
 */
import { parseIpAddress, parseIpAddressOrThrow } from "@lightwire/ip/address";
import { formatSntpFailure, type SntpFailure, SntpQuery, type SntpResult } from "@lightwire/sntp";
import { formatDuration } from "@lightwire/app-commands";
import { becauseOfLine } from "./reach_checks.ts";
import { type CheckOutcome, pass, skip } from "./check.ts";
import { type NetworkContext, networkErrorText, shortMs, withDeadline } from "./network_context.ts";

/** A clock that is off by more is worth a word: certificates bear minutes, a person notices seconds. */
const TOLERANCE_MS = 2000;
/** Requests, and the pauses behind them in parts of the whole time. */
const PAUSES = [0.2, 0.3, 0.5];

/** Asks a time server. */
export async function checkClock(c: NetworkContext): Promise<CheckOutcome> {
  if (c.findings.unclean !== undefined) return skip("no use on a line that swallows characters");
  const isName = parseIpAddress(c.timeServer) === undefined;
  if (isName && !c.findings.hasNameServer) return skip("no name server to ask for the time server");
  let address: string;
  try {
    address = await withDeadline(c, c.timing.dnsMs, (signal) => c.stack.lookup(c.timeServer, { signal }));
  } catch (error) {
    c.signal.throwIfAborted();
    return skip(`${c.timeServer} does not resolve`, [networkErrorText(error)]);
  }
  const result = await ask(c, address);
  if (!result.isOk) {
    return becauseOfLine(c, skip(`no time from ${c.timeServer}`, [formatSntpFailure(result)]));
  }
  const { offsetMs, delayMs, stratum } = result;
  const evidence = [
    `NTP ${address}, stratum ${stratum}: offset ${Math.round(offsetMs)} ms, round trip ${shortMs(delayMs)}`,
    `network's time: ${new Date(result.unixMs).toISOString()}`,
    `this computer's: ${new Date(result.unixMs - offsetMs).toISOString()}`,
  ];
  // A positive offset has to be added to our clock: it is slow.
  if (Math.abs(offsetMs) <= TOLERANCE_MS + delayMs / 2) {
    return pass(`right within ${shortMs(Math.max(1, Math.abs(offsetMs) + delayMs / 2))}`, evidence);
  }
  return {
    result: "warn",
    cause: "clock-skew",
    text: `this computer's clock is ${distance(offsetMs)} ${offsetMs > 0 ? "slow" : "fast"}`,
    evidence,
  };
}

async function ask(c: NetworkContext, address: string): Promise<SntpResult | SntpFailure> {
  const { stack, timing, signal } = c;
  stack.pump.hold();
  try {
    return await new Promise((resolve, reject) => {
      const query = new SntpQuery({
        udp: stack.udp,
        host: stack,
        servers: [parseIpAddressOrThrow(address)],
        onDone: (outcome) => {
          signal.removeEventListener("abort", aborted);
          resolve(outcome);
        },
        options: { retryPausesMs: PAUSES.map((part) => part * timing.clockMs) },
      });
      const aborted = (): void => {
        query.cancel();
        reject(signal.reason);
      };
      signal.addEventListener("abort", aborted, { once: true });
      query.start();
      stack.pump.requestFlush();
    });
  } finally {
    stack.pump.release();
  }
}

/** "12 s", "3:20", "1 day", "2 years": a difference of clocks. */
function distance(ms: number): string {
  const seconds = Math.abs(ms) / 1000;
  const days = seconds / 86_400;
  if (days < 2) return formatDuration(seconds);
  return days < 730 ? `${Math.round(days)} days` : `${Math.round(days / 365.25)} years`;
}
