/** Packets and tags of PPP over Ethernet (RFC 2516 §4 and appendix A, RFC 4638).
 *
 * ```text
 *    0        1        2                 4                 6
 *   +----+----+--------+--------+--------+--------+--------+-----------
 *   | 1  | 1  |  code  |   session id    |     length      | payload …      length counts the payload
 *   +----+----+--------+--------+--------+--------+--------+-----------
 *   tag of a discovery packet:  | type  (2) | length (2) | value …
 * ```
 *
 * Octets behind the length are padding of the Ethernet, and dropped.
 *
 * @module
 */

/** Octets of version, type, code, session id and length. */
export const PPPOE_HEADER_LENGTH = 6;
/** Octets that a PPP packet loses to PPPoE: the header, and PPP's own two of protocol. */
export const PPPOE_OVERHEAD = 8;
/** Longest PPP packet on an Ethernet with an MTU of 1500 (RFC 2516 §7). */
export const PPPOE_MRU = 1492;

/** Codes (RFC 2516 §5 and §6). */
export const PPPOE_CODE = {
  SESSION: 0x00,
  PADO: 0x07,
  PADI: 0x09,
  PADR: 0x19,
  PADS: 0x65,
  PADT: 0xa7,
} as const;

/** Types of tags (RFC 2516 appendix A, RFC 4638 §3). */
export const PPPOE_TAG = {
  END_OF_LIST: 0x0000,
  SERVICE_NAME: 0x0101,
  AC_NAME: 0x0102,
  HOST_UNIQ: 0x0103,
  AC_COOKIE: 0x0104,
  VENDOR_SPECIFIC: 0x0105,
  RELAY_SESSION_ID: 0x0110,
  PPP_MAX_PAYLOAD: 0x0120,
  SERVICE_NAME_ERROR: 0x0201,
  AC_SYSTEM_ERROR: 0x0202,
  GENERIC_ERROR: 0x0203,
} as const;

/** Most tags of one packet that are read; more make it malformed. */
export const MAX_PPPOE_TAGS = 64;

/** A tag, taken apart. */
export interface PppoeTag {
  /** Which one. */
  readonly type: number;
  /** Its value, a copy. */
  readonly value: Uint8Array;
}

/** A discovery packet, taken apart. */
export interface PppoeDiscoveryPacket {
  /** What it is; see {@linkcode PPPOE_CODE}. */
  readonly code: number;
  /** The session; 0 before there is one. */
  readonly sessionId: number;
  /** Its tags, as they stand. */
  readonly tags: readonly PppoeTag[];
}

/** Length of the payload of the packet at `bytes[start … end]`, session or discovery.
 *
 * @returns −1 if the header is not that of RFC 2516, or the packet is shorter than it says.
 */
export function pppoePayloadLength(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < PPPOE_HEADER_LENGTH || bytes[start] !== 0x11) return -1;
  const length = (bytes[start + 4]! << 8) | bytes[start + 5]!;
  return PPPOE_HEADER_LENGTH + length <= end - start ? length : -1;
}

/** Session id of the packet at `start`, whose header is whole. */
export function pppoeSessionId(bytes: Uint8Array, start: number): number {
  return (bytes[start + 2]! << 8) | bytes[start + 3]!;
}

/** Writes a header at `at`, all {@linkcode PPPOE_HEADER_LENGTH} octets of it. */
export function emitPppoeHeader(
  bytes: Uint8Array,
  at: number,
  code: number,
  sessionId: number,
  length: number,
): void {
  bytes[at] = 0x11;
  bytes[at + 1] = code;
  bytes[at + 2] = sessionId >>> 8;
  bytes[at + 3] = sessionId;
  bytes[at + 4] = length >>> 8;
  bytes[at + 5] = length;
}

/** Reads the discovery packet at `bytes[start … end]`. Reading ends at a tag End-Of-List.
 *
 * @returns `undefined` if it is malformed.
 */
export function parsePppoeDiscovery(
  bytes: Uint8Array,
  start: number,
  end: number,
): PppoeDiscoveryPacket | undefined {
  const length = pppoePayloadLength(bytes, start, end);
  if (length < 0) return undefined;
  const tags: PppoeTag[] = [];
  const last = start + PPPOE_HEADER_LENGTH + length;
  for (let at = start + PPPOE_HEADER_LENGTH; at < last;) {
    if (at + 4 > last || tags.length === MAX_PPPOE_TAGS) return undefined;
    const type = (bytes[at]! << 8) | bytes[at + 1]!;
    const valueEnd = at + 4 + ((bytes[at + 2]! << 8) | bytes[at + 3]!);
    if (valueEnd > last) return undefined;
    if (type === PPPOE_TAG.END_OF_LIST) break;
    tags.push({ type, value: bytes.slice(at + 4, valueEnd) });
    at = valueEnd;
  }
  return { code: bytes[start + 1]!, sessionId: pppoeSessionId(bytes, start), tags };
}

/** Makes a discovery packet. */
export function emitPppoeDiscovery(packet: PppoeDiscoveryPacket): Uint8Array {
  const length = packet.tags.reduce((sum, tag) => sum + 4 + tag.value.length, 0);
  const bytes = new Uint8Array(PPPOE_HEADER_LENGTH + length);
  emitPppoeHeader(bytes, 0, packet.code, packet.sessionId, length);
  let at = PPPOE_HEADER_LENGTH;
  for (const { type, value } of packet.tags) {
    bytes.set([type >>> 8, type & 0xff, value.length >>> 8, value.length & 0xff], at);
    bytes.set(value, at + 4);
    at += 4 + value.length;
  }
  return bytes;
}

/** The value of the first tag of a type. */
export function findPppoeTag(packet: PppoeDiscoveryPacket, type: number): Uint8Array | undefined {
  return packet.tags.find((tag) => tag.type === type)?.value;
}

/** A tag whose value is text. */
export function pppoeTextTag(type: number, text: string): PppoeTag {
  return { type, value: new TextEncoder().encode(text) };
}

/** The tag of RFC 4638 for payloads longer than 1492 octets. */
export function pppoeMaxPayloadTag(octets: number): PppoeTag {
  return { type: PPPOE_TAG.PPP_MAX_PAYLOAD, value: Uint8Array.of(octets >>> 8, octets & 0xff) };
}

/** The payload that the peer takes according to RFC 4638, or `undefined` when it does not say, or nonsense. */
export function pppoeMaxPayload(packet: PppoeDiscoveryPacket): number | undefined {
  const value = findPppoeTag(packet, PPPOE_TAG.PPP_MAX_PAYLOAD);
  if (value === undefined || value.length !== 2) return undefined;
  const octets = (value[0]! << 8) | value[1]!;
  return octets >= PPPOE_MRU ? octets : undefined;
}
