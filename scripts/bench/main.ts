/** `deno task bench`: the figures the project is measured by, side by side in one run, medians with their runs.
 *
 * @module
 */
import { connectionFigures } from "./connections.ts";
import { type Figure, formatFigure } from "./figure.ts";
import { inProcessFigures, kernelLoopbackFigures } from "./in_process.ts";
import { linuxTcpTable } from "./linux_tcp.ts";
import { pppFigures } from "./ppp.ts";
import { tapFigures } from "./tap.ts";

const only = Deno.args[0];
if (only === "linux-tcp") {
  await linuxTcpTable(Deno.args.slice(1));
  Deno.exit(0);
}
const groups: readonly (readonly [name: string, measure: () => Promise<Figure[]>])[] = [
  ["in-process", inProcessFigures],
  ["connections", connectionFigures],
  ["loopback", kernelLoopbackFigures],
  ["tap", tapFigures],
  ["ppp", pppFigures],
];
if (only !== undefined && !groups.some(([name]) => name === only)) {
  console.error(`Usage: deno task bench [${groups.map(([name]) => name).join("|")}|linux-tcp]`);
  Deno.exit(2);
}
for (const [name, measure] of groups) {
  if (only !== undefined && only !== name) continue;
  for (const figure of await measure()) console.log(formatFigure(figure));
}
