/** Messages and attribute value pairs of L2TP, version 2 (RFC 2661 §3 and §4).
 *
 * ```text
 *    0                 2        4         6          8     10    12
 *   +-----------------+--------+---------+----------+-----+-----+-----------
 *   |TLxxSxOPxxxx  2  | length | tunnel  | session  | Ns  | Nr  | AVPs …      control: T, L and S are set
 *   +-----------------+--------+---------+----------+-----+-----+-----------
 *   data: T is not; length, Ns and Nr, and an offset with padding are there as L, S and O say; a PPP frame follows
 * ```
 *
 * @module
 */
import { peerText } from "../cp_packet.ts";
import { md5 } from "@lightwire/pbuf/digest";

/** UDP port of L2TP. */
export const L2TP_PORT = 1701;

/** Types of control messages (RFC 2661 §3.2); 0 stands for a message without a body: an acknowledgement alone. */
export const L2TP_MESSAGE = {
  ZLB: 0,
  SCCRQ: 1,
  SCCRP: 2,
  SCCCN: 3,
  STOP_CCN: 4,
  HELLO: 6,
  OCRQ: 7,
  OCRP: 8,
  OCCN: 9,
  ICRQ: 10,
  ICRP: 11,
  ICCN: 12,
  CDN: 14,
  WEN: 15,
  SLI: 16,
} as const;

/** Types of the attributes used here (RFC 2661 §4.4). */
export const L2TP_AVP = {
  MESSAGE_TYPE: 0,
  RESULT_CODE: 1,
  PROTOCOL_VERSION: 2,
  FRAMING_CAPABILITIES: 3,
  BEARER_CAPABILITIES: 4,
  FIRMWARE_REVISION: 6,
  HOST_NAME: 7,
  VENDOR_NAME: 8,
  ASSIGNED_TUNNEL_ID: 9,
  RECEIVE_WINDOW_SIZE: 10,
  CHALLENGE: 11,
  CHALLENGE_RESPONSE: 13,
  ASSIGNED_SESSION_ID: 14,
  CALL_SERIAL_NUMBER: 15,
  BEARER_TYPE: 18,
  FRAMING_TYPE: 19,
  CONNECT_SPEED: 24,
  RANDOM_VECTOR: 36,
} as const;

const FLAG_T = 0x8000;
const FLAG_L = 0x4000;
const FLAG_S = 0x0800;
const FLAG_O = 0x0200;
const VERSION = 2;
const AVP_MANDATORY = 0x8000;
const AVP_HIDDEN = 0x4000;
const CONTROL_HEADER_LENGTH = 12;
const AVP_HEADER_LENGTH = 6;
const MAX_AVPS = 64;

/** Octets in front of the PPP frame of a data message as it is sent here: flags, tunnel, session. */
export const L2TP_DATA_HEADER_LENGTH = 6;

/** An attribute, taken apart. */
export interface L2tpAvp {
  /** Whether a receiver that does not know it has to give up. */
  readonly isMandatory: boolean;
  /** 0 for those of the RFC. */
  readonly vendor: number;
  /** Which one. */
  readonly type: number;
  /** Its value, a copy, no longer hidden. */
  readonly value: Uint8Array;
}

/** A control message, taken apart. */
export interface L2tpControl {
  /** Receiver's id of the tunnel; 0 in SCCRQ. */
  readonly tunnelId: number;
  /** Receiver's id of the session; 0 for messages about the tunnel. */
  readonly sessionId: number;
  /** Number of this message. */
  readonly ns: number;
  /** Number of the next message that its sender waits for. */
  readonly nr: number;
  /** What it is; see {@linkcode L2TP_MESSAGE}. */
  readonly type: number;
  /** Its attributes without the type. */
  readonly avps: readonly L2tpAvp[];
}

/** The frame in a data message. */
export interface L2tpData {
  /** Receiver's id of the tunnel. */
  readonly tunnelId: number;
  /** Receiver's id of the session. */
  readonly sessionId: number;
  /** The PPP frame is `bytes[start … end]` of the datagram. */
  readonly start: number;
  /** Its end. */
  readonly end: number;
}

/** Whether the datagram at `bytes[start … end]` is a control message of version 2, a data message, or nothing. */
export function l2tpKind(bytes: Uint8Array, start: number, end: number): "control" | "data" | undefined {
  if (end - start < L2TP_DATA_HEADER_LENGTH || (bytes[start + 1]! & 0x0f) !== VERSION) return undefined;
  return (bytes[start]! & 0x80) !== 0 ? "control" : "data";
}

/** Reads a data message.
 *
 * @returns `undefined` if it is malformed.
 */
export function parseL2tpData(bytes: Uint8Array, start: number, end: number): L2tpData | undefined {
  const flags = word(bytes, start);
  let at = start + 2;
  let last = end;
  if ((flags & FLAG_L) !== 0) {
    last = start + word(bytes, at);
    at += 2;
  }
  if (last > end || at + 4 > last) return undefined;
  const tunnelId = word(bytes, at);
  const sessionId = word(bytes, at + 2);
  at += (flags & FLAG_S) !== 0 ? 8 : 4;
  if ((flags & FLAG_O) !== 0) {
    if (at + 2 > last) return undefined;
    at += 2 + word(bytes, at);
  }
  return at > last ? undefined : { tunnelId, sessionId, start: at, end: last };
}

/** Writes the header of a data message, {@linkcode L2TP_DATA_HEADER_LENGTH} octets, with neither length nor numbers. */
export function emitL2tpDataHeader(bytes: Uint8Array, at: number, tunnelId: number, sessionId: number): void {
  bytes[at] = 0;
  bytes[at + 1] = VERSION;
  bytes[at + 2] = tunnelId >>> 8;
  bytes[at + 3] = tunnelId;
  bytes[at + 4] = sessionId >>> 8;
  bytes[at + 5] = sessionId;
}

/** Reads a control message.
 *
 * @param secret The tunnel's secret: hidden attributes are uncovered by it, and left out without it.
 * @returns `undefined` if it is malformed; then it is as if it had not come.
 */
export function parseL2tpControl(
  bytes: Uint8Array,
  start: number,
  end: number,
  secret?: string,
): L2tpControl | undefined {
  const flags = word(bytes, start);
  const needed = FLAG_T | FLAG_L | FLAG_S;
  if (end - start < CONTROL_HEADER_LENGTH || (flags & (needed | FLAG_O)) !== needed) return undefined;
  const last = start + word(bytes, start + 2);
  if (last > end || last < start + CONTROL_HEADER_LENGTH) return undefined;
  const avps = parseAvps(bytes, start + CONTROL_HEADER_LENGTH, last, secret);
  if (avps === undefined) return undefined;
  const header = {
    tunnelId: word(bytes, start + 4),
    sessionId: word(bytes, start + 6),
    ns: word(bytes, start + 8),
    nr: word(bytes, start + 10),
  };
  const first = avps[0];
  if (first === undefined) return { ...header, type: L2TP_MESSAGE.ZLB, avps };
  // The type comes first, always (RFC 2661 §4.4.1).
  if (first.vendor !== 0 || first.type !== L2TP_AVP.MESSAGE_TYPE || first.value.length !== 2) {
    return undefined;
  }
  return { ...header, type: word(first.value, 0), avps: avps.slice(1) };
}

function parseAvps(
  bytes: Uint8Array,
  start: number,
  end: number,
  secret: string | undefined,
): L2tpAvp[] | undefined {
  const avps: L2tpAvp[] = [];
  let vector: Uint8Array | undefined;
  for (let at = start; at < end;) {
    if (at + AVP_HEADER_LENGTH > end || avps.length === MAX_AVPS) return undefined;
    const flags = word(bytes, at);
    const length = flags & 0x3ff;
    if (length < AVP_HEADER_LENGTH || at + length > end) return undefined;
    const vendor = word(bytes, at + 2);
    const type = word(bytes, at + 4);
    let value: Uint8Array | undefined = bytes.slice(at + AVP_HEADER_LENGTH, at + length);
    if (vendor === 0 && type === L2TP_AVP.RANDOM_VECTOR) vector = value;
    if ((flags & AVP_HIDDEN) !== 0) {
      value = vector === undefined || secret === undefined ? undefined : uncover(type, value, secret, vector);
    }
    if (value !== undefined) avps.push({ isMandatory: (flags & AVP_MANDATORY) !== 0, vendor, type, value });
    at += length;
  }
  return avps;
}

/** Undoes the hiding of a value (RFC 2661 §4.3): a chain of MD5 digests, and a length in front. */
function uncover(
  type: number,
  hidden: Uint8Array,
  secret: string,
  vector: Uint8Array,
): Uint8Array | undefined {
  const key = new TextEncoder().encode(secret);
  const plain = new Uint8Array(hidden.length);
  let pad = md5(Uint8Array.of(type >>> 8, type & 0xff), key, vector);
  for (let at = 0; at < hidden.length; at += 16) {
    const block = hidden.subarray(at, at + 16);
    for (let i = 0; i < block.length; i++) plain[at + i] = block[i]! ^ pad[i]!;
    pad = md5(key, block);
  }
  if (plain.length < 2 || 2 + word(plain, 0) > plain.length) return undefined;
  return plain.slice(2, 2 + word(plain, 0));
}

/** Hides a value, the reverse of {@linkcode parseL2tpControl} (RFC 2661 §4.3). */
export function hideL2tpValue(
  type: number,
  value: Uint8Array,
  secret: string,
  vector: Uint8Array,
): Uint8Array {
  const key = new TextEncoder().encode(secret);
  const hidden = new Uint8Array(2 + value.length);
  hidden.set([value.length >>> 8, value.length & 0xff]);
  hidden.set(value, 2);
  let pad = md5(Uint8Array.of(type >>> 8, type & 0xff), key, vector);
  for (let at = 0; at < hidden.length; at += 16) {
    const block = hidden.subarray(at, at + 16);
    for (let i = 0; i < block.length; i++) block[i] = block[i]! ^ pad[i]!;
    pad = md5(key, block);
  }
  return hidden;
}

/** Makes a control message; one of type ZLB has no body. */
export function emitL2tpControl(message: L2tpControl): Uint8Array {
  const avps = message.type === L2TP_MESSAGE.ZLB ? [] : [
    l2tpWordAvp(L2TP_AVP.MESSAGE_TYPE, message.type),
    ...message.avps,
  ];
  const length = avps.reduce((sum, avp) => sum + AVP_HEADER_LENGTH + avp.value.length, CONTROL_HEADER_LENGTH);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  const { tunnelId, sessionId, ns, nr } = message;
  [FLAG_T | FLAG_L | FLAG_S | VERSION, length, tunnelId, sessionId, ns, nr]
    .forEach((value, i) => view.setUint16(2 * i, value));
  let at = CONTROL_HEADER_LENGTH;
  for (const { isMandatory, vendor, type, value } of avps) {
    view.setUint16(at, (isMandatory ? AVP_MANDATORY : 0) | (AVP_HEADER_LENGTH + value.length));
    view.setUint16(at + 2, vendor);
    view.setUint16(at + 4, type);
    bytes.set(value, at + AVP_HEADER_LENGTH);
    at += AVP_HEADER_LENGTH + value.length;
  }
  return bytes;
}

/** A mandatory attribute. */
export function l2tpAvp(type: number, value: Uint8Array): L2tpAvp {
  return { isMandatory: true, vendor: 0, type, value };
}

/** A mandatory attribute of two octets. */
export function l2tpWordAvp(type: number, value: number): L2tpAvp {
  return l2tpAvp(type, Uint8Array.of(value >>> 8, value & 0xff));
}

/** A mandatory attribute of four octets. */
export function l2tpLongAvp(type: number, value: number): L2tpAvp {
  return l2tpAvp(type, Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value));
}

/** The value of an attribute of the RFC. */
export function findL2tpAvp(message: L2tpControl, type: number): Uint8Array | undefined {
  return message.avps.find((avp) => avp.vendor === 0 && avp.type === type)?.value;
}

/** The number in an attribute of two octets; 0 when it is missing or malformed. */
export function l2tpWord(message: L2tpControl, type: number): number {
  const value = findL2tpAvp(message, type);
  return value?.length === 2 ? word(value, 0) : 0;
}

/** The proof of a tunnel's end that it knows the secret (RFC 2661 §4.4.3): MD5 over the type of the answering message, the
 * secret and the challenge. */
export function l2tpChallengeResponse(type: number, secret: string, challenge: Uint8Array): Uint8Array {
  return md5(Uint8Array.of(type), new TextEncoder().encode(secret), challenge);
}

/** Result codes used here (RFC 2661 §4.4.2). */
export const L2TP_RESULT = { GENERAL: 1, ERROR: 2, NOT_AUTHORIZED: 4, ADMINISTRATIVE: 3 } as const;

/** A Result Code with a text, which stands behind an error code (RFC 2661 §4.4.2). */
export function l2tpResult(code: number, text: string): L2tpAvp {
  return l2tpAvp(L2TP_AVP.RESULT_CODE, Uint8Array.of(0, code, 0, 0, ...new TextEncoder().encode(text)));
}

/** What a Result Code says in words, "" when there is none. */
export function l2tpResultText(message: L2tpControl): string {
  const value = findL2tpAvp(message, L2TP_AVP.RESULT_CODE);
  if (value === undefined || value.length < 2) return "";
  const text = peerText(value.subarray(4));
  return text || `result code ${(value[0]! << 8) | value[1]!}`;
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
