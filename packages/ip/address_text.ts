/** Text forms of addresses, on bare numbers, which `address.ts` wraps in values.
 *
 * IPv4 is read strictly (four decimal numbers, as POSIX `inet_pton` does) or leniently (the BSD forms of `inet_aton`);
 * IPv6 is read as RFC 4291 §2.2 says and written as RFC 5952 §4 says.
 *
 * @module
 */

/** Writes 32 bits as a dotted quad: `0x0a000001` becomes "10.0.0.1". */
export function formatIpv4Bits(bits: number): string {
  return `${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}`;
}

/** Reads exactly four decimal numbers of 0 … 255 without leading zeros, joined by dots.
 *
 * @returns the 32 bits, unsigned; `undefined` when `text` is anything else.
 */
export function parseIpv4Bits(text: string): number | undefined {
  let bits = 0;
  let part = 0;
  let digits = 0;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x2e) {
      if (digits === 0 || ++dots > 3) return undefined;
      bits = bits * 256 + part;
      part = 0;
      digits = 0;
    } else if (c >= 0x30 && c <= 0x39) {
      if (digits > 0 && part === 0) return undefined;
      part = part * 10 + (c - 0x30);
      digits++;
      if (part > 255) return undefined;
    } else {
      return undefined;
    }
  }
  if (dots !== 3 || digits === 0) return undefined;
  return bits * 256 + part;
}

/** Reads the forms of BSD `inet_aton`: one to four parts, each decimal, octal (leading 0) or hexadecimal (0x); the last
 * part fills all bytes that are left; white space and what follows it is ignored.
 *
 * @returns the 32 bits, unsigned; `undefined` when `text` is not such a form.
 */
export function parseIpv4BitsLenient(text: string): number | undefined {
  const parts = (text.match(/^[^ \t\n\v\f\r]*/)?.[0] ?? "").split(".");
  if (parts.length > 4) return undefined;
  const values: number[] = [];
  for (const part of parts) {
    let value: number;
    if (/^0[xX][0-9a-fA-F]+$/.test(part)) value = parseInt(part.slice(2), 16);
    else if (/^0[0-7]*$/.test(part)) value = parseInt(part, 8);
    else if (/^[1-9][0-9]*$/.test(part)) value = parseInt(part, 10);
    else return undefined;
    values.push(value);
  }
  const last = values.pop()!;
  let bits = 0;
  for (const value of values) {
    if (value > 255) return undefined;
    bits = bits * 256 + value;
  }
  const room = 256 ** (4 - values.length);
  if (last >= room) return undefined;
  return bits * room + last;
}

/** The four words of an IPv6 address and the text of its zone. */
export interface Ipv6Text {
  /** Bits 127–96, unsigned. */
  readonly w0: number;
  /** Bits 95–64, unsigned. */
  readonly w1: number;
  /** Bits 63–32, unsigned. */
  readonly w2: number;
  /** Bits 31–0, unsigned. */
  readonly w3: number;
  /** What stood behind "%" (RFC 4007 §11), "" for none. */
  readonly zone: string;
}

/** Reads an IPv6 address: eight groups, one "::", a dotted quad in place of the last two groups, "%zone".
 *
 * @returns `undefined` when `text` is anything else.
 */
export function parseIpv6Text(text: string): Ipv6Text | undefined {
  const percent = text.indexOf("%");
  const zone = percent < 0 ? "" : text.slice(percent + 1);
  if (percent >= 0 && !/^[A-Za-z0-9._~-]+$/.test(zone)) return undefined;
  let body = percent < 0 ? text : text.slice(0, percent);
  if (body.length > 45) return undefined;
  if (body.includes(".")) {
    const colon = body.lastIndexOf(":");
    const quad = parseIpv4Bits(body.slice(colon + 1));
    if (colon < 0 || quad === undefined) return undefined;
    body = `${body.slice(0, colon + 1)}${(quad >>> 16).toString(16)}:${(quad & 0xffff).toString(16)}`;
  }
  const gap = body.indexOf("::");
  const head = gap < 0 ? body : body.slice(0, gap);
  const tail = gap < 0 ? "" : body.slice(gap + 2);
  const left = head === "" ? [] : head.split(":");
  const right = tail === "" ? [] : tail.split(":");
  const missing = 8 - left.length - right.length;
  if (gap < 0 ? missing !== 0 : missing < 1) return undefined;
  const groups: number[] = [];
  for (const group of left) groups.push(parseGroup(group));
  for (let i = 0; i < missing; i++) groups.push(0);
  for (const group of right) groups.push(parseGroup(group));
  if (groups.includes(-1)) return undefined;
  const word = (i: number): number => groups[i]! * 0x10000 + groups[i + 1]!;
  return { w0: word(0), w1: word(2), w2: word(4), w3: word(6), zone };
}

/** Writes four words in the canonical form of RFC 5952 §4: lower case, no leading zeros, the first of the longest runs
 * of two or more zero groups as "::", and mapped IPv4 addresses with a dotted quad (RFC 5952 §5). */
export function formatIpv6Words(w0: number, w1: number, w2: number, w3: number): string {
  if (w0 === 0 && w1 === 0 && w2 === 0xffff) return `::ffff:${formatIpv4Bits(w3)}`;
  const groups = [
    w0 >>> 16,
    w0 & 0xffff,
    w1 >>> 16,
    w1 & 0xffff,
    w2 >>> 16,
    w2 & 0xffff,
    w3 >>> 16,
    w3 & 0xffff,
  ];
  let bestStart = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let n = 0;
    while (i + n < 8 && groups[i + n] === 0) n++;
    if (n > bestLength) {
      bestStart = i;
      bestLength = n;
    }
    i += n;
  }
  const hex = (from: number, to: number): string =>
    groups.slice(from, to).map((g) => g.toString(16)).join(":");
  if (bestStart < 0) return hex(0, 8);
  return `${hex(0, bestStart)}::${hex(bestStart + bestLength, 8)}`;
}

function parseGroup(group: string): number {
  return /^[0-9a-fA-F]{1,4}$/.test(group) ? parseInt(group, 16) : -1;
}
