/** The domain search option (RFC 3397): DNS names, which may end in a pointer to an earlier one.
 *
 * @module
 */

/** Most domains that are taken from one option. */
export const MAX_SEARCH_DOMAINS = 32;

/** Reads option 119. Pointers count from the start of the option and lead back only, so that no loop is possible.
 *
 * @returns the names in order, without trailing dots; up to the first that is malformed.
 */
export function parseDomainSearch(bytes: Uint8Array): string[] {
  const domains: string[] = [];
  let at = 0;
  while (at < bytes.length && domains.length < MAX_SEARCH_DOMAINS) {
    const name = readName(bytes, at);
    if (name === undefined) break;
    if (name.text !== "") domains.push(name.text);
    at = name.next;
  }
  return domains;
}

/** Writes option 119, uncompressed.
 *
 * @throws {RangeError} when a label is empty or longer than 63 bytes.
 */
export function emitDomainSearch(domains: readonly string[]): Uint8Array {
  const bytes: number[] = [];
  for (const domain of domains) {
    for (const label of domain.replace(/\.$/, "").split(".")) {
      const text = new TextEncoder().encode(label);
      if (text.length < 1 || text.length > 63) {
        throw new RangeError(`Cannot write the domain "${domain}": a label has ${text.length} bytes`);
      }
      bytes.push(text.length, ...text);
    }
    bytes.push(0);
  }
  return Uint8Array.from(bytes);
}

function readName(bytes: Uint8Array, start: number): { text: string; next: number } | undefined {
  const labels: string[] = [];
  let at = start;
  let limit = start;
  let next = -1;
  let length = 1;
  for (;;) {
    const first = bytes[at];
    if (first === undefined) return undefined;
    if (first === 0) return { text: labels.join("."), next: next < 0 ? at + 1 : next };
    if (first >= 0xc0) {
      const second = bytes[at + 1];
      if (second === undefined) return undefined;
      const target = ((first & 0x3f) << 8) | second;
      if (target >= limit) return undefined;
      if (next < 0) next = at + 2;
      limit = target;
      at = target;
      continue;
    }
    length += first + 1;
    if (first > 63 || at + 1 + first > bytes.length || length > 255) return undefined;
    const label = bytes.subarray(at + 1, at + 1 + first);
    // What is no host name is no use as a suffix, and could say anything to a terminal.
    if (!label.every(isHostNameByte)) return undefined;
    labels.push(new TextDecoder().decode(label));
    at += 1 + first;
  }
}

function isHostNameByte(c: number): boolean {
  return (c >= 0x30 && c <= 0x39) || ((c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a) || c === 0x2d || c === 0x5f;
}
