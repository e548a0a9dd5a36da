/** Numbers of the protocols in PPP frames (IANA registry "PPP DLL Protocol Numbers").
 *
 * @module
 */

/** IPv4 (RFC 1332 §2.1). */
export const PPP_IPV4 = 0x0021;
/** TCP/IP with a compressed header (RFC 1332 §4). */
export const PPP_VJ_COMPRESSED = 0x002d;
/** TCP/IP with an uncompressed header that fills a slot (RFC 1332 §4). */
export const PPP_VJ_UNCOMPRESSED = 0x002f;
/** IPv6 (RFC 5072 §3). */
export const PPP_IPV6 = 0x0057;
/** A packet as CCP has agreed on: encrypted by MPPE here (RFC 1962 §2, RFC 3078 §3). */
export const PPP_COMPRESSED = 0x00fd;
/** IP Control Protocol (RFC 1332 §2). */
export const PPP_IPCP = 0x8021;
/** IPv6 Control Protocol (RFC 5072 §3). */
export const PPP_IPV6CP = 0x8057;
/** Compression Control Protocol (RFC 1962 §2). */
export const PPP_CCP = 0x80fd;
/** Link Control Protocol (RFC 1661 §5). */
export const PPP_LCP = 0xc021;
/** Password Authentication Protocol (RFC 1334 §2). */
export const PPP_PAP = 0xc023;
/** Link Quality Report (RFC 1989 §2.4); not spoken. */
export const PPP_LQR = 0xc025;
/** Challenge Handshake Authentication Protocol (RFC 1994 §4). */
export const PPP_CHAP = 0xc223;
/** Extensible Authentication Protocol (RFC 3748 §4); not spoken yet. */
export const PPP_EAP = 0xc227;

const NAMES: ReadonlyMap<number, string> = new Map([
  [PPP_IPV4, "IPv4"],
  [PPP_VJ_COMPRESSED, "VJ compressed"],
  [PPP_VJ_UNCOMPRESSED, "VJ uncompressed"],
  [PPP_IPV6, "IPv6"],
  [PPP_COMPRESSED, "MPPE"],
  [PPP_IPCP, "IPCP"],
  [PPP_IPV6CP, "IPV6CP"],
  [PPP_CCP, "CCP"],
  [PPP_LCP, "LCP"],
  [PPP_PAP, "PAP"],
  [PPP_LQR, "LQR"],
  [PPP_CHAP, "CHAP"],
  [PPP_EAP, "EAP"],
]);

/** The name of a protocol for messages: "LCP", or "protocol 0x1234". */
export function pppProtocolName(protocol: number): string {
  return NAMES.get(protocol) ?? `protocol 0x${protocol.toString(16).padStart(4, "0")}`;
}
