/** `traceroute HOST [-m HOPS -q PROBES -w SEC]`, by ICMP echo with a growing TTL (RFC 1393 describes the older way).
 *
 * @module
 */
import type { Command } from "./context.ts";
import { formatMs, parseInteger, parsePositive } from "./units.ts";
import { parseOptions, UsageError } from "./usage.ts";

/** The `traceroute` command. */
export const tracerouteCommand: Command = {
  name: "traceroute",
  usage: "traceroute HOST [-m HOPS] [-q PROBES] [-w SECONDS]",
  summary: "show the routers on the way to a host",
  prepare(args) {
    const o = parseOptions(args, { string: ["m", "q", "w"] });
    const [host, ...rest] = o.words;
    if (host === undefined || rest.length > 0) {
      throw new UsageError(`Usage: ${tracerouteCommand.usage}`);
    }
    const maxHops = parseInteger(o.text("m") ?? "30", "-m", 1, 255);
    const probes = parseInteger(o.text("q") ?? "3", "-q", 1, 10);
    const timeoutMs = parsePositive(o.text("w") ?? "2", "-w") * 1000;
    return async ({ stack, output, signal }) => {
      const address = await stack.lookup(host, { signal });
      output.note(
        `Route to ${host}${host === address ? "" : ` (${address})`}, ${maxHops} hops at most`,
      );
      let isReached = false;
      for await (
        const hop of stack.traceroute(address, {
          maxHops,
          probes,
          timeoutMs,
          signal,
        })
      ) {
        isReached = hop.isDestination;
        const from = [
          ...new Set(
            hop.replies.map((r) => r.from).filter((f) => f !== undefined),
          ),
        ];
        const times = hop.replies.map((r) => r.rttMs === undefined ? "*" : formatMs(r.rttMs));
        const reasons = [
          ...new Set(
            hop.replies.map((r) => r.reason).filter((r) => r !== undefined),
          ),
        ];
        output.event(
          "hop",
          {
            hop: hop.ttl,
            addresses: from,
            rttMs: hop.replies.map((r) => r.rttMs ?? null),
            isDestination: hop.isDestination,
            reasons,
          },
          `${String(hop.ttl).padStart(3)}  ${(from.join(" ") || "*").padEnd(16)} ${times.join("  ")}` +
            (reasons.length > 0 ? `  ${reasons.join(", ")}` : ""),
        );
      }
      if (!isReached) {
        output.error(`${host} did not answer within ${maxHops} hops.`);
      }
      return isReached ? 0 : 1;
    };
  },
};
