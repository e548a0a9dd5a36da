/** {@linkcode startStatusLine}: one live line about the link while a server runs.
 *
 * @module
 */
import type { CommandContext } from "./context.ts";
import { formatBytes, formatDuration, formatRate } from "./units.ts";

const INTERVAL_MS = 1000;

/** What one look at the counters saw. */
export interface Sample {
  /** When, in milliseconds. */
  readonly at: number;
  /** Bytes received so far. */
  readonly inOctets: number;
  /** Bytes sent so far. */
  readonly outOctets: number;
  /** TCP connections, TIME-WAIT included. */
  readonly connections: number;
}

/** The line for the time between two looks. */
export function formatStatusLine(address: string, startedAt: number, before: Sample, now: Sample): string {
  const seconds = Math.max(0.001, (now.at - before.at) / 1000);
  const rate = (bytes: number): string => formatRate((bytes * 8) / seconds);
  const inRate = rate(now.inOctets - before.inOctets);
  const outRate = rate(now.outOctets - before.outOctets);
  const total = `${formatBytes(now.inOctets)} in, ${formatBytes(now.outOctets)} out`;
  const uptime = formatDuration(Math.round((now.at - startedAt) / 1000));
  return `${address}  in ${inRate}  out ${outRate}  ${now.connections} connections  ${total}  up ${uptime}`;
}

/** Shows the line, on a terminal, until the returned function is called. */
export function startStatusLine({ stack, networkInterface, output }: CommandContext): () => void {
  if (!output.hasStatusLine) return () => {};
  const look = (): Sample => {
    const { ifInOctets, ifOutOctets } = networkInterface.netif.counters;
    const { tcpConnections } = stack.stats();
    return {
      at: performance.now(),
      inOctets: ifInOctets,
      outOctets: ifOutOctets,
      connections: tcpConnections,
    };
  };
  const startedAt = performance.now();
  let before = look();
  const timer = setInterval(() => {
    const now = look();
    output.status(formatStatusLine(networkInterface.addresses[0] ?? "no address", startedAt, before, now));
    before = now;
  }, INTERVAL_MS);
  return () => {
    clearInterval(timer);
    output.status("");
  };
}
