/** `iperf`: measures throughput with the protocols of iperf 2 and, with `--iperf3`, of iperf 3.
 *
 * @module
 */
import type { Command } from "./context.ts";
import { iperf2Client, iperf2Server } from "./iperf/iperf2.ts";
import { iperf3Client } from "./iperf/iperf3_client.ts";
import { iperf3Server } from "./iperf/iperf3_server.ts";
import { IPERF_USAGE, parseIperf } from "./iperf/options.ts";
import { UsageError } from "./usage.ts";

/** The `iperf` command. */
export const iperfCommand: Command = {
  name: "iperf",
  usage: IPERF_USAGE,
  summary: "measure throughput against iperf or, with --iperf3, iperf3; -s serves",
  prepare(args) {
    const o = parseIperf(args);
    if (o.isReverse && !o.isVersion3) {
      throw new UsageError(
        "-R is spoken with iperf 3's protocol: add --iperf3.",
      );
    }
    if (o.isVersion3) {
      return (context) => o.host === undefined ? iperf3Server(context, o) : iperf3Client(context, o);
    }
    return (context) => o.host === undefined ? iperf2Server(context, o) : iperf2Client(context, o);
  },
};
