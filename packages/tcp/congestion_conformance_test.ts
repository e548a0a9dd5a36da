/** Every congestion control by the same list of requirements, whatever it was made for. */
import { CONGESTION_REQUIREMENTS } from "./congestion_conformance.ts";
import { congestionControlFactory } from "./congestion_controls.ts";

for (const name of ["cubic", "reno", "bbr"] as const) {
  const make = congestionControlFactory(name);
  const isLossBased = make(1000).ownsRecovery !== true;
  for (const requirement of CONGESTION_REQUIREMENTS) {
    if (requirement.isLossBased === true && !isLossBased) continue;
    Deno.test(`${name}: ${requirement.name}`, () => requirement.check(make));
  }
}
