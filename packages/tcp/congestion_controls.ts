/** The congestion controls there are, by name.
 *
 * @module
 */
import { randomUnit } from "@lightwire/netif";
import type { CongestionControlFactory } from "./congestion.ts";
import { Bbr } from "./bbr.ts";
import { Cubic } from "./cubic.ts";
import { Reno } from "./reno.ts";

/** Name of a congestion control: CUBIC (RFC 9438), NewReno (RFC 5681, RFC 6582), or BBR (draft-ietf-ccwg-bbr). */
export type CongestionControlName = "cubic" | "reno" | "bbr";

/** The factory that a name, or a factory of the user's own, stands for.
 *
 * @throws {RangeError} if there is none of this name.
 */
export function congestionControlFactory(
  choice: CongestionControlName | CongestionControlFactory,
): CongestionControlFactory {
  if (typeof choice === "function") return choice;
  switch (choice) {
    case "cubic":
      return (smss) => new Cubic(smss);
    case "reno":
      return (smss) => new Reno(smss);
    case "bbr":
      return (smss, random) =>
        new Bbr(smss, random === undefined ? {} : { spread: () => randomUnit(random) });
    default:
      throw new RangeError(
        `Option congestionControl must be "cubic", "reno", "bbr" or a factory: got ${choice}`,
      );
  }
}
