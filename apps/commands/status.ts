/** `status`: addresses, routes, name servers and counters of the host.
 *
 * @module
 */
import type { Command } from "./context.ts";
import { formatBytes } from "./units.ts";
import { parseOptions, UsageError } from "./usage.ts";

/** The `status` command. */
export const statusCommand: Command = {
  name: "status",
  usage: "status",
  summary: "show the host's addresses, routes, name servers and counters",
  prepare(args) {
    if (parseOptions(args, {}).words.length > 0) {
      throw new UsageError(`Usage: ${statusCommand.usage}`);
    }
    return ({ stack, output }) => {
      const status = stack.status();
      if (output.options.json) {
        output.event("status", status);
        return Promise.resolve(0);
      }
      const lines: string[] = [];
      for (const i of status.interfaces) {
        lines.push(
          output.strong(
            `${i.name}: ${i.isUp ? "up" : "down"}, MTU ${i.mtu}${i.mac ? `, ${i.mac}` : ""}`,
          ),
        );
        for (const address of i.addresses) {
          lines.push(`    address   ${address}`);
        }
        const c = i.counters;
        const received = c.ifInUcastPkts + c.ifInMulticastPkts + c.ifInBroadcastPkts;
        const sent = c.ifOutUcastPkts + c.ifOutMulticastPkts + c.ifOutBroadcastPkts;
        lines.push(
          `    received  ${received} packets, ${formatBytes(c.ifInOctets)}`,
          `    sent      ${sent} packets, ${formatBytes(c.ifOutOctets)}`,
        );
      }
      lines.push(output.strong("routes"));
      for (const r of status.routes) {
        lines.push(
          `    ${r.destination.padEnd(18)} ${
            r.gateway === undefined ? "direct" : `via ${r.gateway}`
          } on ${r.interface}`,
        );
      }
      lines.push(
        output.strong("name servers"),
        `    ${status.nameServers.join(" ") || "none"}`,
      );
      output.event("status", status, lines.join("\n"));
      return Promise.resolve(0);
    };
  },
};
