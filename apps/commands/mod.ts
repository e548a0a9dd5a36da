/** The commands that `ethup` and `pppup` share: everything one does with a link once it is up.
 *
 * @module
 */
import { captureCommand } from "./capture.ts";
import type { Command } from "./context.ts";
import { digCommand } from "./dig.ts";
import { echoCommand } from "./echo.ts";
import { forwardCommand } from "./forward.ts";
import { getCommand } from "./get.ts";
import { httpdCommand } from "./httpd.ts";
import { iperfCommand } from "./iperf.ts";
import { ncCommand } from "./nc.ts";
import { pingCommand } from "./ping.ts";
import { sntpCommand } from "./sntp.ts";
import { socksCommand } from "./socks.ts";
import { statusCommand } from "./status.ts";
import { tracerouteCommand } from "./traceroute.ts";

export * from "./addressing.ts";
export * from "./capture_file.ts";
export * from "./context.ts";
export * from "./fault_options.ts";
export * from "./link_stack.ts";
export * from "./output.ts";
export * from "./program.ts";
export * from "./sim/internet.ts";
export * from "./units.ts";
export * from "./usage.ts";

/** All commands, in the order of the help text. */
export const COMMANDS: readonly Command[] = [
  statusCommand,
  pingCommand,
  tracerouteCommand,
  ncCommand,
  echoCommand,
  getCommand,
  httpdCommand,
  iperfCommand,
  digCommand,
  sntpCommand,
  socksCommand,
  forwardCommand,
  captureCommand,
];
