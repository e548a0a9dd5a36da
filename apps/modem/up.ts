/** {@linkcode runUp}: `pppup up`: brings the link up, shows every step, and stays.
 *
 * @module
 */
import { formatBytes, formatDuration, type Output } from "@lightwire/app-commands";
import { checkLink } from "./link_checks.ts";
import type { PppupOptions } from "./options.ts";
import { signalSummary } from "./signal_bars.ts";
import { formatUpStatus, ratesBetween, type UpSample } from "./up_status.ts";
import { type LinkInUse, withLink } from "./with_link.ts";

const STATUS_MS = 1000;
/** With `--json`, a status so often. */
const JSON_STATUS_MS = 5000;

/** Runs `up`.
 *
 * @returns the exit status.
 * @throws {LinkDownError} when the link does not come up, or ends; the reason of `signal` when that is aborted.
 */
export function runUp(o: PppupOptions, output: Output, signal: AbortSignal): Promise<number> {
  return withLink(o, output, signal, "result", (link) => stay(link, output));
}

async function stay(link: LinkInUse, output: Output): Promise<number> {
  const { context, connection, current, printer } = link;
  const { up, networkInterface } = current;
  const since = performance.now();
  await checkLink(context, current, printer);
  const address = up.ipv4?.localAddress.toString() ?? up.ipv6?.localAddress.toString() ?? "";
  const isShown = output.hasStatusLine ? "" : "; Ctrl-C ends it";
  output.event(
    "up",
    { interface: networkInterface.name, address, mtu: up.mtu },
    `Online as ${address}${isShown}.`,
  );
  const look = (): UpSample => {
    const { ifInOctets, ifOutOctets } = networkInterface.netif.counters;
    return { at: performance.now(), inOctets: ifInOctets, outOctets: ifOutOctets };
  };
  let before = look();
  const show = (): void => {
    const now = look();
    const { modem } = connection.bringUp;
    // Without a multiplexer, what the modem said before it dialled is no news.
    const signal = connection.hasCommands ? signalSummary(modem) : "";
    const echoMs = current.link.session.lcp.echoRoundTripMs;
    if (output.options.json) {
      const { inBps, outBps } = ratesBetween(before, now);
      const { inOctets, outOctets } = now;
      const dbm = connection.hasCommands ? modem.signal?.dbm : undefined;
      output.event("status", { inOctets, outOctets, inBps, outBps, echoMs, dbm });
    } else output.status(formatUpStatus({ address, since, echoMs, signal }, before, now));
    before = now;
  };
  const timer = setInterval(show, output.options.json ? JSON_STATUS_MS : STATUS_MS);
  try {
    return await new Promise<number>((_, reject) => {
      const { signal } = context;
      if (signal.aborted) reject(signal.reason);
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  } finally {
    clearInterval(timer);
    output.status("");
    const { inOctets, outOctets } = look();
    const seconds = Math.round((performance.now() - since) / 1000);
    output.event("down", { inOctets, outOctets, seconds });
    output.note(
      `Hanging up after ${formatDuration(seconds)}: ${formatBytes(inOctets)} in, ${
        formatBytes(outOctets)
      } out`,
    );
  }
}
