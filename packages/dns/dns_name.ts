/** Domain names: text, wire form, comparison (RFC 1035 §3.1, §4.1.4).
 *
 * In this package a name is text without the final dot, "" being the root. Octets that would be mistaken are escaped as in
 * master files (RFC 1035 §5.1): `\.` is a dot inside a label, `\DDD` the octet with that decimal number.
 *
 * Parsing refuses labels past 63 octets, names past 255 octets, the label types 01 and 10, and compression pointers that do
 * not point strictly before everything read so far, so that no chain of pointers can loop. It never throws.
 *
 * @module
 */
/** Longest label in octets (RFC 1035 §2.3.4). */
export const DNS_MAX_LABEL_BYTES = 63;
/** Longest name in octets on the wire, length octets and root label included (RFC 1035 §2.3.4). */
export const DNS_MAX_NAME_BYTES = 255;

const POINTER = 0xc0;
const BACKSLASH = 0x5c;
const DOT = 0x2e;

/** A name read from a message. */
export interface ParsedDnsName {
  /** Its text. */
  readonly name: string;
  /** Offset of what follows it. */
  readonly end: number;
}

/** Reads the name at `offset` of a message, following compression pointers.
 *
 * @param limit offset that its own octets must not pass; pointers lead to places before.
 * @returns `undefined` when it is malformed.
 */
export function parseDnsName(
  message: Uint8Array,
  offset: number,
  limit: number = message.length,
): ParsedDnsName | undefined {
  const bound = Math.min(limit, message.length);
  let name = "";
  let length = 1;
  let at = offset;
  let end = -1;
  let lowest = offset;
  while (at < bound) {
    const octet = message[at]!;
    if (octet === 0) return { name, end: end < 0 ? at + 1 : end };
    if ((octet & POINTER) === POINTER) {
      if (at + 1 >= bound) return undefined;
      const target = (octet & ~POINTER) << 8 | message[at + 1]!;
      if (target >= lowest) return undefined;
      if (end < 0) end = at + 2;
      lowest = target;
      at = target;
      continue;
    }
    if (octet > DNS_MAX_LABEL_BYTES || at + 1 + octet > bound) return undefined;
    length += octet + 1;
    if (length > DNS_MAX_NAME_BYTES) return undefined;
    const label = formatDnsLabel(message, at + 1, octet);
    name = name === "" ? label : `${name}.${label}`;
    at += octet + 1;
  }
  return undefined;
}

/** The labels of a name's text as octets.
 *
 * @returns `undefined` when it is no name: an empty or too long label, too long in sum, an incomplete escape, or characters
 * beyond ASCII (an international name comes in its "xn--" form, RFC 5890 §2.3.2.1).
 */
export function dnsLabels(name: string): Uint8Array<ArrayBuffer>[] | undefined {
  const labels: Uint8Array<ArrayBuffer>[] = [];
  if (name === "" || name === ".") return labels;
  let label: number[] = [];
  let length = 1;
  for (let i = 0; i <= name.length; i++) {
    if (i === name.length || name.charCodeAt(i) === DOT) {
      // One dot at the end says that the name is complete.
      if (label.length === 0) return i === name.length && labels.length > 0 ? labels : undefined;
      length += label.length + 1;
      if (label.length > DNS_MAX_LABEL_BYTES || length > DNS_MAX_NAME_BYTES) return undefined;
      labels.push(Uint8Array.from(label));
      label = [];
      continue;
    }
    let octet = name.charCodeAt(i);
    if (octet === BACKSLASH) {
      const escaped = readEscape(name, i);
      if (escaped === undefined) return undefined;
      octet = escaped.octet;
      i += escaped.length - 1;
    }
    if (octet > 0xff || (octet > 0x7f && name.charCodeAt(i) > 0x7f)) return undefined;
    label.push(octet);
  }
  return labels;
}

/** A name in the form that {@linkcode parseDnsName} gives: escapes as few as can be, no final dot; letters as they are.
 *
 * @returns `undefined` when it is no name.
 */
export function canonicalDnsName(name: string): string | undefined {
  return dnsLabels(name)?.map((label) => formatDnsLabel(label, 0, label.length)).join(".");
}

/** A key for maps: equal for names that DNS takes for the same (RFC 4343 §3). Expects the form of
 * {@linkcode canonicalDnsName}. */
export function dnsNameKey(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Whether two names in the form of {@linkcode canonicalDnsName} are the same: the case of ASCII letters does not matter
 * (RFC 4343 §3). */
export function sameDnsName(a: string, b: string): boolean {
  return a === b || (a.length === b.length && dnsNameKey(a) === dnsNameKey(b));
}

/** Whether a name is `domain`, or below it. */
export function isWithinDomain(name: string, domain: string): boolean {
  const own = dnsNameKey(name);
  const above = dnsNameKey(domain);
  if (above === "" || own === above) return true;
  if (!own.endsWith(`.${above}`)) return false;
  return own.charCodeAt(own.length - above.length - 2) !== BACKSLASH;
}

/** Text with the final dot, as master files and `dig` have it; the root is ".". */
export function absoluteDnsName(name: string): string {
  return `${name}.`;
}

/** Text of one label, escaped. */
function formatDnsLabel(bytes: Uint8Array, start: number, length: number): string {
  let text = "";
  for (let i = start; i < start + length; i++) {
    const octet = bytes[i]!;
    if (octet === DOT || octet === BACKSLASH) text += `\\${String.fromCharCode(octet)}`;
    else if (octet > 0x20 && octet < 0x7f) text += String.fromCharCode(octet);
    else text += `\\${String(octet).padStart(3, "0")}`;
  }
  return text;
}

function readEscape(text: string, at: number): { octet: number; length: number } | undefined {
  const digits = /^\d{3}$/.exec(text.slice(at + 1, at + 4));
  if (digits !== null) {
    const octet = Number(digits[0]);
    return octet > 255 ? undefined : { octet, length: 4 };
  }
  const next = text.charCodeAt(at + 1);
  // A digit must be one of three; NaN at the end of the text compares false.
  return next > 0x20 && next < 0x7f && !(next >= 0x30 && next <= 0x39)
    ? { octet: next, length: 2 }
    : undefined;
}
