/** {@linkcode formatUpStatus}: the live line about a link that is up.
 *
 * @module
 */
import { formatBytes, formatDuration, formatRate } from "@lightwire/app-commands";

/** What one look at the counters saw. */
export interface UpSample {
  /** When, in milliseconds. */
  readonly at: number;
  /** Bytes received so far. */
  readonly inOctets: number;
  /** Bytes sent so far. */
  readonly outOctets: number;
}

/** What else is known of the link. */
export interface UpFacts {
  /** Our address. */
  readonly address: string;
  /** When it came up, in milliseconds. */
  readonly since: number;
  /** Round trip of the last LCP echo, in milliseconds; −1 before the first. */
  readonly echoMs: number;
  /** Signal and technology, in a few words; may be empty. */
  readonly signal: string;
}

/** Figures of the time between two looks. */
export interface UpRates {
  /** Bits per second. */
  readonly inBps: number;
  /** Bits per second. */
  readonly outBps: number;
}

/** Rates between two looks. */
export function ratesBetween(before: UpSample, now: UpSample): UpRates {
  const seconds = Math.max(0.001, (now.at - before.at) / 1000);
  return {
    inBps: ((now.inOctets - before.inOctets) * 8) / seconds,
    outBps: ((now.outOctets - before.outOctets) * 8) / seconds,
  };
}

/** `10.64.64.2  ↓ 1.2 Mbit/s ↑ 35 kbit/s  LTE ▁▃▄▆· −71 dBm  echo 31 ms  up 1:03  1.4 MB in, 80 kB out`: what fits into 80 columns
 * comes first. */
export function formatUpStatus(facts: UpFacts, before: UpSample, now: UpSample): string {
  const { inBps, outBps } = ratesBetween(before, now);
  const parts = [facts.address, `↓ ${formatRate(inBps)} ↑ ${formatRate(outBps)}`];
  if (facts.signal !== "") parts.push(facts.signal);
  if (facts.echoMs >= 0) parts.push(`echo ${Math.round(facts.echoMs)} ms`);
  parts.push(`up ${formatDuration(Math.round((now.at - facts.since) / 1000))}`);
  parts.push(`${formatBytes(now.inOctets)} in, ${formatBytes(now.outOctets)} out`);
  return parts.join("  ");
}
