/** {@linkcode runUp}: `pppup up`: brings the link up, shows every step, and stays.
 *
 * @module
 */
import { formatBytes, formatDuration, type Output } from "@lightwire/app-commands";
import { type Connection, LinkClosedError } from "./connection.ts";
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
 * @returns the exit status: 0 when the link ended because a time was over.
 * @throws {LinkDownError} when the link does not come up, or ends; the reason of `signal` when that is aborted.
 */
export async function runUp(o: PppupOptions, output: Output, signal: AbortSignal): Promise<number> {
  try {
    return await withLink(o, output, signal, "result", (link) => stay(link, output));
  } catch (error) {
    if (!(error instanceof LinkClosedError)) throw error;
    output.event("closed", { message: error.message }, `${error.message}.`);
    return 0;
  }
}

async function stay(link: LinkInUse, output: Output): Promise<number> {
  const { context, connection, printer } = link;
  const { networkInterface } = context;
  const since = performance.now();
  await greet(link, output);
  const look = (): UpSample => {
    const { ifInOctets, ifOutOctets } = networkInterface.netif.counters;
    return { at: performance.now(), inOctets: ifInOctets, outOctets: ifOutOctets };
  };
  let before = look();
  let isShown = false;
  const show = (): void => {
    const now = look();
    if (connection.current !== undefined) showStatus(connection, output, since, before, now);
    else if (isShown) output.status(""); // no rate is true any more
    isShown = connection.current !== undefined;
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
    printer.stop();
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

/** Says who we are; on demand, that we wait. */
async function greet({ context, connection, printer }: LinkInUse, output: Output): Promise<void> {
  const { current } = connection;
  const isShown = output.hasStatusLine ? "" : "; Ctrl-C ends it";
  if (current === undefined) {
    output.event("waiting", {}, `Waiting for something to send${isShown}.`);
    return;
  }
  await checkLink(context, current, printer);
  const { up } = current;
  const address = up.ipv4?.localAddress.toString() ?? up.ipv6?.localAddress.toString() ?? "";
  const { name } = context.networkInterface;
  output.event("up", { interface: name, address, mtu: up.mtu }, `Online as ${address}${isShown}.`);
}

function showStatus(
  { bringUp, current }: Connection,
  output: Output,
  since: number,
  before: UpSample,
  now: UpSample,
): void {
  const { link, up } = current!;
  // Without a multiplexer, what the modem said before it dialled is no news.
  const modem = bringUp?.hasCommands === true ? bringUp.modem : undefined;
  const echoMs = link.session.lcp.echoRoundTripMs;
  if (output.options.json) {
    const { inBps, outBps } = ratesBetween(before, now);
    const { inOctets, outOctets } = now;
    output.event("status", { inOctets, outOctets, inBps, outBps, echoMs, dbm: modem?.signal?.dbm });
    return;
  }
  const address = up.ipv4?.localAddress.toString() ?? "";
  const signal = modem === undefined ? "" : signalSummary(modem);
  output.status(formatUpStatus({ address, since, echoMs, signal }, before, now));
}
