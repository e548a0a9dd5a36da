/** Record types, classes, response codes: numbers and names.
 *
 * @module
 */

/** Types that this package reads and writes, by name: RFC 1035 §3.2.2, AAAA of RFC 3596 §2.1, SRV of RFC 2782, OPT of RFC 6891 §6.1.1;
 * ANY (RFC 1035 §3.2.3) is for questions. */
export const DNS_TYPE = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  ANY: 255,
} as const;

/** Name of a type that can be asked for. */
export type DnsTypeName = Exclude<keyof typeof DNS_TYPE, "OPT">;

/** The Internet (RFC 1035 §3.2.4). */
export const DNS_CLASS_IN = 1;

/** Response codes by name (RFC 1035 §4.1.1; RFC 2136 §2.2; RFC 6891 §9). */
export const DNS_RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  YXRRSET: 7,
  NXRRSET: 8,
  NOTAUTH: 9,
  NOTZONE: 10,
  BADVERS: 16,
} as const;

const TYPE_NAMES = invert(DNS_TYPE);
const RCODE_NAMES = invert(DNS_RCODE);

/** Name of a type; "TYPE123" for those without one here (RFC 3597 §5). */
export function dnsTypeName(type: number): string {
  return TYPE_NAMES.get(type) ?? `TYPE${type}`;
}

/** Number of a type by name in capitals, "TYPE123" included; `undefined`: no such type. */
export function dnsTypeNumber(name: string): number | undefined {
  if (Object.hasOwn(DNS_TYPE, name)) return DNS_TYPE[name as keyof typeof DNS_TYPE];
  const digits = /^TYPE(\d{1,5})$/.exec(name)?.[1];
  return digits === undefined || Number(digits) > 0xffff ? undefined : Number(digits);
}

/** Name of a response code; "RCODE12" for those without one here. */
export function dnsRcodeName(rcode: number): string {
  return RCODE_NAMES.get(rcode) ?? `RCODE${rcode}`;
}

function invert(numbers: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  return new Map(Object.entries(numbers).map(([name, number]) => [number, name]));
}
