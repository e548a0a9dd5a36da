/** Packets and options of the control protocols (RFC 1661 §5 and §6); PAP and CHAP packets have the same header.
 *
 * ```text
 *    0        1        2        3        4
 *   +--------+--------+--------+--------+-----------
 *   | code   | id     | length          | data …         length counts all of it
 *   +--------+--------+--------+--------+-----------
 *   option:  | type   | length | data …                  length counts type and length
 * ```
 *
 * A packet that is shorter than its length field says fails to parse; octets behind it are padding and dropped (RFC 1661 §5).
 *
 * @module
 */

/** Codes of RFC 1661 §5, and those of RFC 1570 §2. */
export const CP_CODE = {
  CONFIGURE_REQUEST: 1,
  CONFIGURE_ACK: 2,
  CONFIGURE_NAK: 3,
  CONFIGURE_REJECT: 4,
  TERMINATE_REQUEST: 5,
  TERMINATE_ACK: 6,
  CODE_REJECT: 7,
  PROTOCOL_REJECT: 8,
  ECHO_REQUEST: 9,
  ECHO_REPLY: 10,
  DISCARD_REQUEST: 11,
  IDENTIFICATION: 12,
  TIME_REMAINING: 13,
} as const;

/** Octets of code, identifier and length. */
export const CP_HEADER_LENGTH = 4;

/** A packet, taken apart. */
export interface CpPacket {
  /** What it is; see {@linkcode CP_CODE}. */
  readonly code: number;
  /** Matches answers with requests. */
  readonly id: number;
  /** What follows the header, a copy. */
  readonly data: Uint8Array;
}

/** A configuration option, taken apart. */
export interface CpOption {
  /** Which one. */
  readonly type: number;
  /** Its value, a copy. */
  readonly data: Uint8Array;
}

/** Reads the packet at `bytes[start … end]`.
 *
 * @returns `undefined` if it is malformed.
 */
export function parseCpPacket(bytes: Uint8Array, start: number, end: number): CpPacket | undefined {
  if (end - start < CP_HEADER_LENGTH) return undefined;
  const length = (bytes[start + 2]! << 8) | bytes[start + 3]!;
  if (length < CP_HEADER_LENGTH || length > end - start) return undefined;
  return {
    code: bytes[start]!,
    id: bytes[start + 1]!,
    data: bytes.slice(start + CP_HEADER_LENGTH, start + length),
  };
}

/** Makes a packet. */
export function emitCpPacket(code: number, id: number, data: Uint8Array): Uint8Array {
  const length = CP_HEADER_LENGTH + data.length;
  const bytes = new Uint8Array(length);
  bytes.set([code, id, length >>> 8, length & 0xff]);
  bytes.set(data, CP_HEADER_LENGTH);
  return bytes;
}

/** Reads a list of options.
 *
 * @returns `undefined` if a length does not fit.
 */
export function parseCpOptions(data: Uint8Array): CpOption[] | undefined {
  const options: CpOption[] = [];
  for (let at = 0; at < data.length;) {
    const length = at + 1 < data.length ? data[at + 1]! : 0;
    if (length < 2 || at + length > data.length) return undefined;
    options.push({ type: data[at]!, data: data.slice(at + 2, at + length) });
    at += length;
  }
  return options;
}

/** Makes a list of options. */
export function emitCpOptions(options: readonly CpOption[]): Uint8Array {
  const bytes: number[] = [];
  for (const option of options) bytes.push(option.type, option.data.length + 2, ...option.data);
  return Uint8Array.from(bytes);
}

/** An option whose value is a number of 1, 2 or 4 octets, most significant first; 0 octets for a flag. */
export function numberOption(type: number, value: number, octets: 0 | 1 | 2 | 4): CpOption {
  const data = new Uint8Array(octets);
  for (let i = 0; i < octets; i++) data[i] = value >>> (8 * (octets - 1 - i));
  return { type, data };
}

/** The number in an option, unsigned; of at most its first four octets. */
export function optionNumber(option: CpOption): number {
  let value = 0;
  for (const octet of option.data.subarray(0, 4)) value = value * 256 + octet;
  return value;
}

/** Whether two byte strings are equal. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, i) => octet === b[i]);
}

/** Text of the peer, for messages: decoded leniently, control characters replaced, cut to 255 characters. */
export function peerText(data: Uint8Array): string {
  // deno-lint-ignore no-control-regex
  return new TextDecoder().decode(data).replace(/[\u0000-\u001f\u007f-\u009f]/g, "?").slice(0, 255);
}
