/** Packets of the Extensible Authentication Protocol (RFC 3748 §4) and the numbers of its types.
 *
 * ```text
 *    0        1        2        3        4
 *   +--------+--------+--------+--------+-----------
 *   | code   | id     | length          | type   | data …     type and data in requests and responses only
 *   +--------+--------+--------+--------+-----------
 * ```
 *
 * @module
 */
import { CHAP_MD5, type ChapAlgorithm } from "./chap_algorithm.ts";
import { emitCpPacket } from "./cp_packet.ts";
import { MSCHAPV2 } from "./mschapv2.ts";

/** Codes of RFC 3748 §4. */
export const EAP_CODE = { REQUEST: 1, RESPONSE: 2, SUCCESS: 3, FAILURE: 4 } as const;

/** Types of RFC 3748 §5 that are spoken here, and that of MS-CHAPv2 within EAP (draft-kamath-pppext-eap-mschapv2-02). */
export const EAP_TYPE = { IDENTITY: 1, NOTIFICATION: 2, NAK: 3, MD5_CHALLENGE: 4, MSCHAPV2: 26 } as const;

/** A method of EAP that is spoken here. */
export type EapMethod = "mschapv2" | "md5";

/** Methods by default, best first. */
export const DEFAULT_EAP_METHODS: readonly EapMethod[] = ["mschapv2", "md5"];

/** The type of a method. */
export const EAP_METHOD_TYPE: Readonly<Record<EapMethod, number>> = {
  mschapv2: EAP_TYPE.MSCHAPV2,
  md5: EAP_TYPE.MD5_CHALLENGE,
};

/** The algorithm of CHAP within a method. */
export const EAP_METHOD_ALGORITHM: Readonly<Record<EapMethod, ChapAlgorithm>> = {
  mschapv2: MSCHAPV2,
  md5: CHAP_MD5,
};

/** The method of a type, if it is spoken here. */
export function eapMethodOf(type: number): EapMethod | undefined {
  return DEFAULT_EAP_METHODS.find((method) => EAP_METHOD_TYPE[method] === type);
}

/** Names of the IANA registry "Method Types", of those that one meets. */
const TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [EAP_TYPE.IDENTITY, "Identity"],
  [EAP_TYPE.NOTIFICATION, "Notification"],
  [EAP_TYPE.NAK, "Nak"],
  [EAP_TYPE.MD5_CHALLENGE, "MD5"],
  [5, "OTP"],
  [6, "GTC"],
  [13, "TLS"],
  [17, "LEAP"],
  [18, "SIM"],
  [21, "TTLS"],
  [23, "AKA"],
  [25, "PEAP"],
  [EAP_TYPE.MSCHAPV2, "MSCHAPv2"],
  [43, "FAST"],
  [50, "AKA'"],
  [52, "PWD"],
  [254, "expanded type"],
]);

/** The name of a type for messages: "EAP-TLS", or "EAP type 99". */
export function eapTypeName(type: number): string {
  const name = TYPE_NAMES.get(type);
  return name === undefined ? `EAP type ${type}` : `EAP-${name}`;
}

/** The names of methods for messages: "EAP-MSCHAPv2, EAP-MD5". */
export function eapMethodNames(methods: readonly EapMethod[]): string {
  return methods.map((method) => eapTypeName(EAP_METHOD_TYPE[method])).join(", ") || "nothing";
}

/** Makes a request or a response. */
export function emitEapPacket(code: number, id: number, type: number, data: Uint8Array): Uint8Array {
  return emitCpPacket(code, id, Uint8Array.of(type, ...data));
}
