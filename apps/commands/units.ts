/** Numbers as people write and read them: sizes, rates, durations.
 *
 * @module
 */
import { UsageError } from "./usage.ts";

/** "1.50 GB": decimal units, three significant digits. */
export function formatBytes(bytes: number): string {
  return scaled(bytes, ["B", "kB", "MB", "GB", "TB"]);
}

/** "941 Mbit/s" for bits per second. */
export function formatRate(bitsPerSecond: number): string {
  return scaled(bitsPerSecond, [
    "bit/s",
    "kbit/s",
    "Mbit/s",
    "Gbit/s",
    "Tbit/s",
  ]);
}

/** "1:05" or "2:00:09" for seconds; "0.42 s" below ten. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  if (seconds < 10) return `${seconds.toFixed(seconds < 1 ? 2 : 1)} s`;
  const whole = Math.round(seconds);
  const pad = (n: number): string => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
}

/** "0.412 ms", "12.3 ms", "1204 ms" for milliseconds. */
export function formatMs(ms: number): string {
  return `${ms.toFixed(ms < 10 ? 3 : ms < 100 ? 1 : 0)} ms`;
}

/** Reads "1M", "64k", "1.5G", "1000" with decimal factors (as iperf's `-b` does).
 *
 * @throws {UsageError} for anything else.
 */
export function parseScaled(text: string, what: string): number {
  const match = /^(\d+(?:\.\d+)?)([kKmMgG]?)$/.exec(text);
  if (match === null) {
    throw new UsageError(
      `${what} must be a number like 500k, 10M or 1.5G, not "${text}".`,
    );
  }
  const factor = { "": 1, k: 1e3, m: 1e6, g: 1e9 }[match[2]!.toLowerCase()]!;
  return Number(match[1]) * factor;
}

/** Reads a whole number between `min` and `max`.
 *
 * @throws {UsageError} for anything else.
 */
export function parseInteger(
  text: string,
  what: string,
  min: number,
  max: number,
): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(value >= min && value <= max)) {
    throw new UsageError(
      `${what} must be a whole number from ${min} to ${max}, not "${text}".`,
    );
  }
  return value;
}

/** Reads a positive decimal number.
 *
 * @throws {UsageError} for anything else.
 */
export function parsePositive(text: string, what: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (!(value > 0)) {
    throw new UsageError(`${what} must be a positive number, not "${text}".`);
  }
  return value;
}

/** Reads a TCP or UDP port.
 *
 * @throws {UsageError} outside 1–65535.
 */
export function parsePort(text: string): number {
  return parseInteger(text, "A port", 1, 65_535);
}

function scaled(value: number, units: readonly string[]): string {
  let i = 0;
  while (value >= 999.5 && i < units.length - 1) {
    value /= 1000;
    i++;
  }
  const digits = i === 0 ? 0 : value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[i]}`;
}
