/** Which names a text may stand for (RFC 1123 §6.1.4.3).
 *
 * @module
 */
import { canonicalDnsName, sameDnsName } from "./dns_name.ts";

/** The names to try for what a user wrote, in order.
 *
 * One dot at the end: that name alone. At least `ndots` dots inside: that name, then below each domain. Fewer: below each
 * domain first.
 *
 * @returns nothing when `text` is no domain name.
 */
export function searchNames(text: string, domains: readonly string[], ndots: number): string[] {
  const name = canonicalDnsName(text);
  if (name === undefined) return [];
  if (name === "" || isAbsolute(text)) return [name];
  const below: string[] = [];
  for (const domain of domains) {
    const candidate = canonicalDnsName(`${name}.${domain}`);
    if (candidate !== undefined && !sameDnsName(candidate, name)) below.push(candidate);
  }
  return countDots(name) >= ndots ? [name, ...below] : [...below, name];
}

/** A dot at the end, not an escaped one. */
function isAbsolute(text: string): boolean {
  return /(?:^|[^\\])(?:\\\\)*\.$/.test(text);
}

function countDots(name: string): number {
  return name.replaceAll(/\\./g, "").split(".").length - 1;
}
