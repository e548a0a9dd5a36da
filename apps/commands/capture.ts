/** `capture`: prints packets as they pass, until Ctrl-C; with `--pcap FILE` they are written as well.
 *
 * @module
 */
import type { Command } from "./context.ts";
import { parseInteger } from "./units.ts";
import { parseOptions, UsageError } from "./usage.ts";

/** The `capture` command. */
export const captureCommand: Command = {
  name: "capture",
  usage: "capture [-c COUNT]",
  summary: "print the packets of the link, until Ctrl-C (and write them with --pcap FILE)",
  prepare(args) {
    const o = parseOptions(args, { string: ["c"] });
    if (o.words.length > 0) {
      throw new UsageError(`Usage: ${captureCommand.usage}`);
    }
    const limit = o.text("c") === undefined ? Infinity : parseInteger(o.text("c")!, "-c", 1, 1e9);
    return async ({ trace, signal }) => {
      await new Promise<void>((resolve, reject) => {
        let count = 0;
        const stop = trace.subscribe(() => {
          if (++count < limit) return;
          stop();
          resolve();
        });
        signal.addEventListener("abort", () => reject(signal.reason), {
          once: true,
        });
      });
      return 0;
    };
  },
};
