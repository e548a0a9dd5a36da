/** Dates as HTTP writes them, RFC 9110 §5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT".
 *
 * @module
 */

const DAYS = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/** Days of 400 years, after which the calendar repeats. */
const ERA_DAYS = 146_097;

/** Writes an instant as an IMF-fixdate.
 *
 * @param unixSeconds whole seconds since 1970-01-01T00:00:00Z, not negative.
 */
export function formatHttpDate(unixSeconds: number): string {
  const days = Math.floor(unixSeconds / 86_400);
  const second = unixSeconds - days * 86_400;
  // Counted from the first of March of the year 0, so that the leap day is the last of its year.
  const sinceEpoch = days + 719_468;
  const era = Math.floor(sinceEpoch / ERA_DAYS);
  const dayOfEra = sinceEpoch - era * ERA_DAYS;
  const leapDays = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) +
    Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
  const dayOfYear = dayOfEra - 365 * yearOfEra - Math.floor(yearOfEra / 4) + Math.floor(yearOfEra / 100);
  // Five months from March on have 153 days.
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = (monthFromMarch + 2) % 12;
  const year = era * 400 + yearOfEra + (month < 2 ? 1 : 0);
  const time = [Math.floor(second / 3600), Math.floor(second / 60) % 60, second % 60].map(twoDigits).join(
    ":",
  );
  return `${DAYS[days % 7]}, ${twoDigits(day)} ${MONTHS[month]} ${String(year).padStart(4, "0")} ${time} GMT`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
