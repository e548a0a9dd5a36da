/** {@linkcode formatPppPacket}: one line of text for each PPP packet, for logs, traces and evidence.
 *
 * ```text
 * LCP ConfReq id 1 accm 00000000 auth chap-md5 magic 5d06a1b2 pfc acfc
 * PAP AuthReq id 1 user "alice" password <hidden>
 * IPCP ConfNak id 2 address 10.0.0.2 dns1 10.0.0.53
 * IPv4 84 octets
 * ```
 *
 * @module
 */
import { CP_CODE, type CpPacket, parseCpPacket } from "./cp_packet.ts";
import { formatPppOptions, hexText, quotedText } from "./ppp_option_text.ts";
import {
  PPP_CCP,
  PPP_CHAP,
  PPP_EAP,
  PPP_IPCP,
  PPP_IPV6CP,
  PPP_LCP,
  PPP_PAP,
  pppProtocolName,
} from "./ppp_protocol_number.ts";

/** Options of {@linkcode formatPppPacket}. */
export interface PppPacketTextOptions {
  /** Whether to leave out passwords, responses from which a password can be guessed, and long numbers in names; default true. */
  readonly hideSecrets?: boolean;
}

const HIDDEN = "<hidden>";
const CODE_NAMES: Readonly<Record<number, string>> = {
  1: "ConfReq",
  2: "ConfAck",
  3: "ConfNak",
  4: "ConfRej",
  5: "TermReq",
  6: "TermAck",
  7: "CodeRej",
  8: "ProtRej",
  9: "EchoReq",
  10: "EchoRep",
  11: "DiscReq",
  12: "Ident",
  13: "TimeRemain",
  14: "ResetReq",
  15: "ResetAck",
};
/** Codes that a network control protocol shares with LCP (RFC 1332 §2); CCP has 14 and 15 of its own (RFC 1962 §3). */
const LAST_NCP_CODE = CP_CODE.CODE_REJECT;
const PAP_NAMES: Readonly<Record<number, string>> = { 1: "AuthReq", 2: "AuthAck", 3: "AuthNak" };
const CHAP_NAMES: Readonly<Record<number, string>> = {
  1: "Challenge",
  2: "Response",
  3: "Success",
  4: "Failure",
  5: "ChangePassword1",
  6: "ChangePassword2",
  7: "ChangePassword3",
};
const EAP_NAMES: Readonly<Record<number, string>> = {
  1: "Request",
  2: "Response",
  3: "Success",
  4: "Failure",
};
const EAP_TYPES: Readonly<Record<number, string>> = {
  1: "Identity",
  2: "Notification",
  3: "Nak",
  4: "MD5",
  5: "OTP",
  6: "GTC",
  13: "TLS",
  18: "SIM",
  21: "TTLS",
  23: "AKA",
  25: "PEAP",
  26: "MSCHAPv2",
};

/** A PPP packet as one line of text.
 *
 * @param protocol Its protocol number.
 * @param bytes Its information field is `bytes[start … end]`.
 */
export function formatPppPacket(
  protocol: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  options: PppPacketTextOptions = {},
): string {
  const name = pppProtocolName(protocol);
  const hides = options.hideSecrets !== false;
  const isAuthentication = protocol === PPP_PAP || protocol === PPP_CHAP || protocol === PPP_EAP;
  const isNegotiation = protocol === PPP_LCP || protocol === PPP_IPCP || protocol === PPP_IPV6CP ||
    protocol === PPP_CCP;
  if (!isAuthentication && !isNegotiation) return `${name} ${end - start} octets`;
  const packet = parseCpPacket(bytes, start, end);
  if (packet === undefined) {
    const what = isAuthentication && hides ? `${end - start} octets` : hexText(bytes.subarray(start, end));
    return `${name} malformed ${what}`;
  }
  const parts = isNegotiation
    ? negotiationText(protocol, packet, hides)
    : authenticationText(protocol, packet, hides);
  return [name, parts[0], "id", packet.id, parts[1]].filter((part) => part !== "").join(" ");
}

function authenticationText(protocol: number, packet: CpPacket, hides: boolean): [string, string] {
  if (protocol === PPP_PAP) return papText(packet, hides);
  return protocol === PPP_CHAP ? chapText(packet, hides) : eapText(packet, hides);
}

/** The packet's name, and what it says. */
function negotiationText(protocol: number, packet: CpPacket, hides: boolean): [string, string] {
  const { code, data } = packet;
  const isKnown = code <= LAST_NCP_CODE || (protocol === PPP_LCP && code <= CP_CODE.TIME_REMAINING) ||
    (protocol === PPP_CCP && (code === 14 || code === 15));
  const name = (isKnown ? CODE_NAMES[code] : undefined) ?? `code ${code}`;
  switch (isKnown ? code : -1) {
    case CP_CODE.CONFIGURE_REQUEST:
    case CP_CODE.CONFIGURE_ACK:
    case CP_CODE.CONFIGURE_NAK:
    case CP_CODE.CONFIGURE_REJECT:
      return [name, formatPppOptions(protocol, data)];
    case CP_CODE.TERMINATE_REQUEST:
    case CP_CODE.TERMINATE_ACK:
      return [name, data.length === 0 ? "" : quotedText(data)];
    case CP_CODE.CODE_REJECT:
      return [name, `(${formatPppPacket(protocol, data, 0, data.length, { hideSecrets: hides })})`];
    case CP_CODE.PROTOCOL_REJECT:
      return [name, protocolRejectText(data, hides)];
    case CP_CODE.ECHO_REQUEST:
    case CP_CODE.ECHO_REPLY:
    case CP_CODE.DISCARD_REQUEST:
      return [name, magicText(data, (rest) => `data ${hexText(rest)}`)];
    case CP_CODE.IDENTIFICATION:
      return [name, magicText(data, (rest) => quotedText(rest, hides))];
    case CP_CODE.TIME_REMAINING:
      return [name, magicText(data, timeText)];
    default:
      return [name, data.length === 0 ? "" : hexText(data)];
  }
}

function protocolRejectText(data: Uint8Array, hides: boolean): string {
  if (data.length < 2) return hexText(data);
  const rejected = (data[0]! << 8) | data[1]!;
  return `(${formatPppPacket(rejected, data, 2, data.length, { hideSecrets: hides })})`;
}

function magicText(data: Uint8Array, restText: (rest: Uint8Array) => string): string {
  const magic = `magic ${hexText(data.subarray(0, 4))}`;
  return data.length > 4 ? `${magic} ${restText(data.subarray(4))}` : magic;
}

/** Seconds that remain, and a message (RFC 1570 §2.2). */
function timeText(data: Uint8Array): string {
  if (data.length < 4) return hexText(data);
  const seconds = new DataView(data.buffer, data.byteOffset, 4).getUint32(0);
  return data.length > 4 ? `${seconds} s ${quotedText(data.subarray(4))}` : `${seconds} s`;
}

function papText({ code, data }: CpPacket, hides: boolean): [string, string] {
  const name = PAP_NAMES[code] ?? `code ${code}`;
  const first = data.subarray(1, 1 + (data[0] ?? 0));
  if (code === 1) {
    const rest = data.subarray(1 + first.length);
    const password = hides ? HIDDEN : quotedText(rest.subarray(1, 1 + (rest[0] ?? 0)));
    return [name, `user ${quotedText(first, hides)} password ${password}`];
  }
  return [name, name.startsWith("code") ? secretText(data, hides) : quotedText(first)];
}

function chapText({ code, data }: CpPacket, hides: boolean): [string, string] {
  const name = CHAP_NAMES[code] ?? `code ${code}`;
  if (code === 3 || code === 4) return [name, data.length === 0 ? "" : quotedText(data)];
  if (code !== 1 && code !== 2) return [name, secretText(data, hides)];
  const value = data.subarray(1, 1 + (data[0] ?? 0));
  const sender = quotedText(data.subarray(1 + value.length), hides);
  return [name, `name ${sender} value ${code === 2 ? secretText(value, hides) : hexText(value)}`];
}

function eapText({ code, data }: CpPacket, hides: boolean): [string, string] {
  const name = EAP_NAMES[code] ?? `code ${code}`;
  const type = data[0];
  if (type === undefined) return [name, ""];
  const typeName = EAP_TYPES[type] ?? `type ${type}`;
  const value = data.subarray(1);
  if (value.length === 0) return [name, typeName];
  if (type === 1 || type === 2) return [name, `${typeName} ${quotedText(value, hides)}`];
  if (type === 3) {
    const wanted = Array.from(value, (wish) => EAP_TYPES[wish] ?? `type ${wish}`);
    return [name, `Nak, wants ${wanted.join(" ")}`];
  }
  return [name, `${typeName} ${code === 2 ? secretText(value, hides) : hexText(value)}`];
}

function secretText(data: Uint8Array, hides: boolean): string {
  return hides ? HIDDEN : hexText(data);
}
