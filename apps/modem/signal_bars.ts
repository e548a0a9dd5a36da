/** {@linkcode signalBars}: the strength of a signal as a telephone shows it.
 *
 * @module
 */
import type { ModemState, SignalQuality } from "@lightwire/ppp/modem";

const BARS = "▁▃▄▆█";

/** `▁▃▄▆·`: four of five bars. */
export function signalBars(bars: number): string {
  const shown = Math.max(0, Math.min(BARS.length, bars));
  return BARS.slice(0, shown) + "·".repeat(BARS.length - shown);
}

/** `LTE ▁▃▄▆· −71 dBm`; empty when nothing is known. */
export function signalSummary(modem: Pick<ModemState, "signal" | "technology">): string {
  const signal: SignalQuality | undefined = modem.signal;
  const words: string[] = [];
  if (modem.technology !== undefined) words.push(modem.technology);
  if (signal?.dbm !== undefined) words.push(signalBars(signal.bars), `−${Math.abs(signal.dbm)} dBm`);
  return words.join(" ");
}
