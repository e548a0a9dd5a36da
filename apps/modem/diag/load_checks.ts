/** Checks under load: what becomes of the round trip, how many frames are damaged, how fast the line is.
 *
 * The load are long echo requests, several at once: they fill the line in both directions, need nobody's server, and every one
 * of them is a measurement.
 *
 * @module
 */
import type { HdlcCounters } from "@lightwire/ppp";
import { formatBytes } from "@lightwire/app-commands";
import { type CheckOutcome, pass, skip } from "./check.ts";
import { type EchoProbe, probeEcho } from "./echo_probe.ts";
import { judgeLine, packetsAlone } from "./line_quality.ts";
import { describePortErrors, overrunsOf } from "./port_checks.ts";
import { BITS_PER_OCTET, type NetworkContext, onLineMs, shortMs } from "./network_context.ts";

const HEADERS = 28;
/** Longest time that one packet of the load keeps the line busy. */
const PACKET_MS = 250;
/** What is under way at once keeps the line busy for so long. */
const UNDER_WAY_MS = 1000;
const MAX_WINDOW = 16;
/** What may wait in queues after a transfer. */
const QUEUED_BYTES = 16_384;
/** Between packets sent one by one. */
const PAUSE_MS = 20;
/** A longer round trip under load is worth a word. */
const BLOATED_MS = 2500;
/** Least loss that counts as overflowing buffers where nothing but the line lies in between. */
const OVERFLOW_LOSS = 0.2;

/** Round trip idle and under load. */
export async function checkLoad(c: NetworkContext): Promise<CheckOutcome> {
  const { findings, timing } = c;
  const host = findings.echoHost;
  if (timing.loadMs === 0) return skip("left out (--load 0)");
  if (host === undefined) return skip("nobody answers echo requests");
  if (findings.unclean !== undefined) return skip("no use on a line that swallows characters");
  const largest = Math.min(c.networkInterface.mtu, findings.passingBytes ?? c.networkInterface.mtu);
  const bytesPerMs = c.baudRate / BITS_PER_OCTET / 1000;
  const bytes = Math.floor(Math.max(128, Math.min(largest, bytesPerMs * PACKET_MS)));
  const window = Math.max(2, Math.min(MAX_WINDOW, Math.floor(bytesPerMs * UNDER_WAY_MS / bytes)));
  const common = {
    size: bytes - HEADERS,
    timeoutMs: timing.echoMs + 2 * onLineMs(c, window * bytes),
    signal: c.signal,
  };
  await drain(c, host);
  const before = copyOf(c.link.decoder.counters);
  const loaded = await probeEcho(c.stack, host, {
    ...common,
    count: 10_000,
    window,
    durationMs: timing.loadMs,
  });
  const after = copyOf(c.link.decoder.counters);
  const badFrames = badOf(after) - badOf(before);
  const frames = after.frames - before.frames;
  const share = Math.max(badFrames / Math.max(1, frames + badFrames), 1 - loaded.received / loaded.sent);
  const alone = share > 0 ? await sendAlone(c, host, common, share) : undefined;
  findings.load = {
    sent: loaded.sent,
    received: loaded.received,
    bytesPerSecond: loaded.elapsedMs > 0 ? loaded.received * bytes * 1000 / loaded.elapsedMs : 0,
    frames,
    badFrames,
    alone,
  };
  return loadOutcome(c, host, loaded, bytes, window);
}

/** Waits until what earlier checks left in queues is through: an echo request waits behind it. */
async function drain(c: NetworkContext, host: string): Promise<void> {
  const timeoutMs = c.timing.echoMs + onLineMs(c, QUEUED_BYTES);
  await probeEcho(c.stack, host, { count: 2, isFirstEnough: true, timeoutMs, signal: c.signal });
}

function loadOutcome(
  c: NetworkContext,
  host: string,
  loaded: EchoProbe,
  bytes: number,
  window: number,
): CheckOutcome {
  const idleMs = c.findings.idleMs ?? 0;
  const evidence = [
    `idle, to ${host}: ${shortMs(idleMs)}`,
    `with ${window} packets of ${bytes} bytes under way: ${loaded.received} of ${loaded.sent} answered` +
    (loaded.received === 0 ? "" : `, ${shortMs(loaded.minMs)} to ${shortMs(loaded.maxMs)}`),
  ];
  // What gets lost is the next check's to judge; figures of what is left mean nothing.
  if (isLossy(loaded)) {
    return skip(`no figures: only ${loaded.received} of ${loaded.sent} answered`, evidence);
  }
  const moreMs = Math.max(0, loaded.averageMs - idleMs);
  const text = `${shortMs(idleMs)} idle, ${shortMs(loaded.averageMs)} under load (${
    shortMs(moreMs)
  } in queues)`;
  if (moreMs <= BLOATED_MS) return pass(text, evidence);
  return {
    result: "warn",
    text,
    evidence,
    remedy:
      "Queues on the way hold seconds of data (bufferbloat): interactive use suffers while something is loaded; limit the " +
      "rate of what loads.",
  };
}

async function sendAlone(
  c: NetworkContext,
  host: string,
  common: { readonly size: number; readonly timeoutMs: number; readonly signal: AbortSignal },
  share: number,
): Promise<{ sent: number; received: number; badFrames: number }> {
  const badBefore = badOf(c.link.decoder.counters);
  const { sent, received } = await probeEcho(c.stack, host, {
    ...common,
    count: packetsAlone(share),
    window: 1,
    // Buffers on the way get time to run empty.
    pauseMs: PAUSE_MS + 2 * onLineMs(c, common.size),
    durationMs: 4 * c.timing.loadMs,
  });
  return { sent, received, badFrames: badOf(c.link.decoder.counters) - badBefore };
}

/** Damaged frames, and whether only load damages them. */
export function checkErrors(c: NetworkContext): CheckOutcome {
  const { counters } = c.link.decoder;
  const { load, unclean } = c.findings;
  const evidence = [
    `frames received: ${counters.frames} whole, ${counters.badFcs} with a wrong check sum, ${counters.tooShort} too short, ` +
    `${counters.tooLong} too long, ${counters.aborted} given up, ${counters.strayControls} stray control characters`,
  ];
  if (load !== undefined) {
    evidence.push(
      `under load: ${load.frames} whole, ${load.badFrames} damaged; ${load.received} of ${load.sent} answered`,
    );
    const { alone } = load;
    if (alone !== undefined) {
      evidence.push(`one by one: ${alone.badFrames} damaged; ${alone.received} of ${alone.sent} answered`);
    }
  }
  evidence.push(...describePortErrors(c.port));
  if (unclean !== undefined) return skip("damaged frames are no wonder on this line", evidence);
  const verdict = judgeLine({
    frames: counters.frames,
    badFrames: badOf(counters),
    load,
    isPeer: c.findings.isEchoHostPeer,
    overruns: overrunsOf(c.port),
    overflowLoss: OVERFLOW_LOSS,
  });
  return { ...verdict, evidence };
}

/** Speed under load, against that of the line. */
export function checkRate(c: NetworkContext): CheckOutcome {
  const { load } = c.findings;
  if (load === undefined) return skip("not measured");
  if (isLossy(load)) return skip("no figures: packets get lost under load");
  const rate = load.bytesPerSecond;
  const nominal = c.baudRate / BITS_PER_OCTET;
  const percent = Math.round(100 * rate / nominal);
  const text = `${formatBytes(rate)}/s in each direction`;
  // The "speed" of a USB modem's port says nothing about it.
  if (percent > 105) {
    return pass(`${text}; the ${c.baudRate} baud of the port mean nothing here (USB, or no real line)`);
  }
  const slow = percent < 60 ? ": the network, not the line, sets the pace" : "";
  return pass(`${text}, ${percent} % of what ${c.baudRate} baud can carry${slow}`);
}

function isLossy({ sent, received }: { readonly sent: number; readonly received: number }): boolean {
  return received < (1 - OVERFLOW_LOSS) * sent;
}

function copyOf(counters: Readonly<HdlcCounters>): HdlcCounters {
  return { ...counters };
}

function badOf(counters: Readonly<HdlcCounters>): number {
  return counters.badFcs + counters.tooShort + counters.tooLong + counters.aborted;
}
