/** Dates as modems write them: `26/01/31,23:59:59+00` (3GPP TS 27.007 §8.15).
 *
 * @module
 */

const DAY_MS = 86_400_000;
const QUARTER_MS = 15 * 60_000;
const MONTH_DAYS: readonly number[] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

function daysOfMonth(year: number, month: number): number {
  return month === 2 && isLeap(year) ? 29 : MONTH_DAYS[month - 1]!;
}

/** Days from the first of January 1970 to that of a later year. */
function daysBeforeYear(year: number): number {
  let days = 0;
  for (let y = 1970; y < year; y++) days += isLeap(y) ? 366 : 365;
  return days;
}

function two(value: number): string {
  return String(value % 100).padStart(2, "0");
}

/** Writes a time in UTC.
 *
 * @param unixMs Milliseconds since 1970.
 */
export function formatModemTime(unixMs: number): string {
  let days = Math.floor(unixMs / DAY_MS);
  let year = 1970;
  for (let length = 365; days >= length; year++) {
    days -= length;
    length = isLeap(year + 1) ? 366 : 365;
  }
  let month = 1;
  while (days >= daysOfMonth(year, month)) days -= daysOfMonth(year, month++);
  const seconds = Math.floor((unixMs % DAY_MS) / 1000);
  const time = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(":");
  return `${two(year)}/${two(month)}/${two(days + 1)},${time}+00`;
}

/** Reads a time; its zone is in quarters of an hour, UTC when it is left out.
 *
 * @returns Milliseconds since 1970, `undefined` if it is none of the years 2000 to 2099.
 */
export function parseModemTime(text: string): number | undefined {
  const match = /^(\d\d)\/(\d\d)\/(\d\d),(\d\d):(\d\d):(\d\d)([+-]\d\d)?$/.exec(text);
  if (match === null) return undefined;
  const [shortYear, month, day, hour, minute, second, zone] = match.slice(1).map((part) => Number(part ?? 0));
  const year = 2000 + shortYear!;
  if (month! < 1 || month! > 12 || day! < 1 || day! > daysOfMonth(year, month!)) return undefined;
  if (hour! > 23 || minute! > 59 || second! > 59) return undefined;
  let days = daysBeforeYear(year) + day! - 1;
  for (let m = 1; m < month!; m++) days += daysOfMonth(year, m);
  return days * DAY_MS + ((hour! * 60 + minute!) * 60 + second!) * 1000 - zone! * QUARTER_MS;
}
