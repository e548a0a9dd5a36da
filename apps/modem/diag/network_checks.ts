/** {@linkcode checkNetwork}: the checks behind the link, in their order.
 *
 * @module
 */
import { checkCharacters } from "./character_check.ts";
import { checkClock } from "./clock_check.ts";
import { type CheckName, type CheckOutcome, skip } from "./check.ts";
import { checkErrors, checkLoad, checkRate } from "./load_checks.ts";
import { checkMtu } from "./mtu_check.ts";
import type { NetworkContext } from "./network_context.ts";
import { checkConnect, checkNameServers, checkPeer, checkResolve } from "./reach_checks.ts";
import type { DiagReport } from "./report.ts";

type NetworkCheck = (c: NetworkContext) => CheckOutcome | Promise<CheckOutcome>;

const NETWORK_CHECKS: readonly (readonly [CheckName, NetworkCheck])[] = [
  ["peer", checkPeer],
  ["characters", checkCharacters],
  ["name-servers", checkNameServers],
  ["resolve", checkResolve],
  ["connect", checkConnect],
  ["mtu", checkMtu],
  ["load", checkLoad],
  ["errors", checkErrors],
  ["rate", checkRate],
  ["clock", checkClock],
];

/** Checks of the world behind the peer. */
const WORLD: readonly CheckName[] = ["name-servers", "resolve", "connect", "clock"];

/** Runs the checks; a failure of one does not keep the others from running.
 *
 * @param ended Called when the signal was aborted in the middle of a check: what that says about it.
 * @throws the signal's reason, when `ended` knows nothing.
 */
export async function checkNetwork(
  report: DiagReport,
  c: NetworkContext,
  ended: (reason: unknown) => CheckOutcome | undefined,
): Promise<void> {
  for (const [name, check] of NETWORK_CHECKS) {
    const startedAt = c.stack.clock.now();
    report.working(name);
    try {
      c.signal.throwIfAborted();
      const isLeftOut = c.isServer && WORLD.includes(name);
      const outcome = isLeftOut ? skip("the peer called us: it is not the way to the world") : await check(c);
      report.add(name, outcome, c.stack.clock.now() - startedAt);
    } catch (error) {
      const outcome = c.signal.aborted ? ended(c.signal.reason) : undefined;
      if (outcome === undefined) throw error;
      return report.add(name, outcome, c.stack.clock.now() - startedAt);
    }
  }
}
