/** Messages of DHCP (RFC 2131 §2), of clients and of servers.
 *
 * ```text
 *    0               1               2               3
 *   +---------------+---------------+---------------+---------------+
 *   |     op        |    htype      |     hlen      |     hops      |   0
 *   +---------------+---------------+---------------+---------------+
 *   |                             xid                               |   4
 *   +-------------------------------+-------------------------------+
 *   |             secs              |B            flags             |   8
 *   +-------------------------------+-------------------------------+
 *   |                            ciaddr                             |  12
 *   |                            yiaddr                             |  16
 *   |                            siaddr                             |  20
 *   |                            giaddr                             |  24
 *   +---------------------------------------------------------------+
 *   |                         chaddr  (16)                          |  28
 *   |                         sname   (64)                          |  44
 *   |                         file    (128)                         | 108
 *   +---------------------------------------------------------------+
 *   |   63 82 53 63, then options: code, length, value; 255 ends    | 236
 *   +---------------------------------------------------------------+
 * ```
 *
 * Parsing refuses what is shorter than 240 bytes, an `op` other than 1 and 2, a hardware address longer than 16 bytes,
 * a wrong magic cookie, and an option that runs past its area. It lets through options without end mark, an
 * overload option that makes no sense (ignored), and unknown options. It never throws.
 *
 * @module
 */
import { type IpAddress, ipv4 } from "@lightwire/ip";
import { cleanText, DHCP_OPTION, DhcpOptions } from "./dhcp_options.ts";

/** UDP port of servers and relays. */
export const DHCP_SERVER_PORT = 67;
/** UDP port of clients. */
export const DHCP_CLIENT_PORT = 68;
/** Bytes in front of the options, magic cookie included. */
export const DHCP_HEADER_LENGTH = 240;
/** Every message is padded to this, for relays that refuse less (RFC 1542 §2.1). */
export const DHCP_MIN_LENGTH = 300;
/** Longest message that everybody takes: 576 bytes of IP packet (RFC 2131 §2). */
export const DHCP_DEFAULT_MAX_LENGTH = 548;
/** The BROADCAST bit of `flags`. */
export const DHCP_FLAG_BROADCAST = 0x8000;
/** `op` of what clients send. */
export const BOOTREQUEST = 1;
/** `op` of what servers send. */
export const BOOTREPLY = 2;

const OFFSET = {
  op: 0,
  htype: 1,
  hlen: 2,
  hops: 3,
  xid: 4,
  secs: 8,
  flags: 10,
  ciaddr: 12,
  yiaddr: 16,
  siaddr: 20,
  giaddr: 24,
  chaddr: 28,
  sname: 44,
  file: 108,
  cookie: 236,
  options: 240,
} as const;

const MAGIC_COOKIE = 0x63825363;

/** Names of the message types, by value (RFC 2132 §9.6). */
export const DHCP_MESSAGE_TYPES = [
  undefined,
  "DISCOVER",
  "OFFER",
  "REQUEST",
  "DECLINE",
  "ACK",
  "NAK",
  "RELEASE",
  "INFORM",
] as const;

/** A message type, without the DHCP in front. */
export type DhcpMessageType = Exclude<typeof DHCP_MESSAGE_TYPES[number], undefined>;

/** Why a message was refused. */
export type DhcpParseFailure = "truncated" | "bad-op" | "bad-hardware-address" | "bad-cookie" | "bad-option";

/** A parsed message, in wire order. */
export interface DhcpMessage {
  /** {@linkcode BOOTREQUEST} or {@linkcode BOOTREPLY}. */
  readonly op: number;
  /** Type of the hardware address; 1 is Ethernet. */
  readonly htype: number;
  /** Bytes of the hardware address, at most 16. */
  readonly hlen: number;
  /** Relays passed. */
  readonly hops: number;
  /** Transaction, 32 bits. */
  readonly xid: number;
  /** Seconds since the client began. */
  readonly secs: number;
  /** Bit set; see {@linkcode DHCP_FLAG_BROADCAST}. */
  readonly flags: number;
  /** The client's address, when it has one and answers ARP for it. */
  readonly ciaddr: IpAddress;
  /** The address that the client gets. */
  readonly yiaddr: IpAddress;
  /** The next server of a boot. */
  readonly siaddr: IpAddress;
  /** The first relay. */
  readonly giaddr: IpAddress;
  /** The hardware address and its padding, 16 bytes. */
  readonly chaddr: Uint8Array;
  /** Server name; empty when the field held options. */
  readonly sname: string;
  /** Boot file; empty when the field held options. */
  readonly file: string;
  /** All options: of the options field, then of `file`, then of `sname` (RFC 3396 §5). */
  readonly options: DhcpOptions;
}

/** Reads a message. Copies what it keeps. */
export function parseDhcpMessage(bytes: Uint8Array): DhcpMessage | DhcpParseFailure {
  if (bytes.length < DHCP_HEADER_LENGTH) return "truncated";
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const op = view.getUint8(OFFSET.op);
  if (op !== BOOTREQUEST && op !== BOOTREPLY) return "bad-op";
  if (view.getUint8(OFFSET.hlen) > 16) return "bad-hardware-address";
  if (view.getUint32(OFFSET.cookie) !== MAGIC_COOKIE) return "bad-cookie";
  const options = new DhcpOptions();
  if (!readOptions(bytes, OFFSET.options, bytes.length, options)) return "bad-option";
  const overload = options.uint8(DHCP_OPTION.OVERLOAD) ?? 0;
  const hasFileOptions = overload === 1 || overload === 3;
  const hasSnameOptions = overload === 2 || overload === 3;
  if (hasFileOptions && !readOptions(bytes, OFFSET.file, OFFSET.cookie, options)) return "bad-option";
  if (hasSnameOptions && !readOptions(bytes, OFFSET.sname, OFFSET.file, options)) return "bad-option";
  return {
    op,
    htype: view.getUint8(OFFSET.htype),
    hlen: view.getUint8(OFFSET.hlen),
    hops: view.getUint8(OFFSET.hops),
    xid: view.getUint32(OFFSET.xid),
    secs: view.getUint16(OFFSET.secs),
    flags: view.getUint16(OFFSET.flags),
    ciaddr: ipv4(view.getUint32(OFFSET.ciaddr)),
    yiaddr: ipv4(view.getUint32(OFFSET.yiaddr)),
    siaddr: ipv4(view.getUint32(OFFSET.siaddr)),
    giaddr: ipv4(view.getUint32(OFFSET.giaddr)),
    chaddr: bytes.slice(OFFSET.chaddr, OFFSET.sname),
    sname: hasSnameOptions ? "" : cleanText(bytes.subarray(OFFSET.sname, OFFSET.file)),
    file: hasFileOptions ? "" : cleanText(bytes.subarray(OFFSET.file, OFFSET.cookie)),
    options,
  };
}

/** Writes a message, every byte of it. Options that do not fit the options field go into `file` and `sname`, as long
 * as those are empty (RFC 2132 §9.3); values longer than 255 bytes go out in pieces (RFC 3396 §6).
 *
 * @param maxBytes longest result, 548 by default: what the receiver's option 57 says, less 28 for IP and UDP.
 * @throws {RangeError} when it does not fit, or a name is too long for its field.
 */
export function emitDhcpMessage(
  message: DhcpMessage,
  maxBytes: number = DHCP_DEFAULT_MAX_LENGTH,
): Uint8Array {
  const sname = fieldText(message.sname, 63, "sname");
  const file = fieldText(message.file, 127, "file");
  const areas = layOut(message.options, maxBytes, file.length === 0, sname.length === 0);
  const length = Math.max(DHCP_MIN_LENGTH, DHCP_HEADER_LENGTH + areas.options.length + 1);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint8(OFFSET.op, message.op);
  view.setUint8(OFFSET.htype, message.htype);
  view.setUint8(OFFSET.hlen, message.hlen);
  view.setUint8(OFFSET.hops, message.hops);
  view.setUint32(OFFSET.xid, message.xid);
  view.setUint16(OFFSET.secs, message.secs);
  view.setUint16(OFFSET.flags, message.flags);
  view.setUint32(OFFSET.ciaddr, message.ciaddr.w3);
  view.setUint32(OFFSET.yiaddr, message.yiaddr.w3);
  view.setUint32(OFFSET.siaddr, message.siaddr.w3);
  view.setUint32(OFFSET.giaddr, message.giaddr.w3);
  bytes.set(message.chaddr.subarray(0, 16), OFFSET.chaddr);
  bytes.set(areas.sname ?? sname, OFFSET.sname);
  bytes.set(areas.file ?? file, OFFSET.file);
  view.setUint32(OFFSET.cookie, MAGIC_COOKIE);
  bytes.set(areas.options, OFFSET.options);
  bytes[OFFSET.options + areas.options.length] = DHCP_OPTION.END;
  return bytes;
}

/** The type of a message; `undefined` for BOOTP and for values nobody knows. */
export function dhcpMessageType(message: DhcpMessage): DhcpMessageType | undefined {
  return DHCP_MESSAGE_TYPES[message.options.uint8(DHCP_OPTION.MESSAGE_TYPE) ?? 0];
}

/** One line for traces: `DHCP OFFER xid 1234abcd yiaddr 10.0.0.9 server 10.0.0.1 lease 120 s`. */
export function formatDhcpMessage(message: DhcpMessage): string {
  const { options } = message;
  const parts = [
    `DHCP ${dhcpMessageType(message) ?? "BOOTP"} xid ${message.xid.toString(16).padStart(8, "0")}`,
  ];
  for (const name of ["ciaddr", "yiaddr", "giaddr"] as const) {
    if (!message[name].isUnspecified) parts.push(`${name} ${message[name]}`);
  }
  const requested = options.address(DHCP_OPTION.REQUESTED_IP_ADDRESS);
  if (requested !== undefined) parts.push(`requested ${requested}`);
  const server = options.address(DHCP_OPTION.SERVER_ID);
  if (server !== undefined) parts.push(`server ${server}`);
  const lease = options.uint32(DHCP_OPTION.LEASE_TIME);
  if (lease !== undefined) parts.push(lease === 0xffffffff ? "lease for ever" : `lease ${lease} s`);
  const text = options.text(DHCP_OPTION.MESSAGE);
  if (text !== undefined) parts.push(`"${text}"`);
  return parts.join(" ");
}

/** Reads options from `at` to `end` or to the end mark. @returns false when one of them runs past `end`. */
function readOptions(bytes: Uint8Array, at: number, end: number, into: DhcpOptions): boolean {
  while (at < end) {
    const code = bytes[at++]!;
    if (code === DHCP_OPTION.PAD) continue;
    if (code === DHCP_OPTION.END) return true;
    if (at >= end) return false;
    const length = bytes[at++]!;
    if (at + length > end) return false;
    into.append(code, bytes.subarray(at, at + length));
    at += length;
  }
  return true;
}

interface Areas {
  readonly options: Uint8Array;
  readonly file: Uint8Array | undefined;
  readonly sname: Uint8Array | undefined;
}

/** Distributes options over the options field and, where they must, the two others. */
function layOut(options: DhcpOptions, maxBytes: number, mayUseFile: boolean, mayUseSname: boolean): Areas {
  const encoded = [...options].map(([code, value]) => encodeOption(code, value));
  const room = maxBytes - DHCP_HEADER_LENGTH - 1;
  const total = encoded.reduce((sum, bytes) => sum + bytes.length, 0);
  if (total <= room) return { options: concatenate(encoded), file: undefined, sname: undefined };
  const main: Uint8Array[] = [];
  const file: Uint8Array[] = [];
  const sname: Uint8Array[] = [];
  // 3 bytes for the overload option; one in each field for its end mark.
  const areas = [
    { list: main, left: room - 3 },
    { list: file, left: mayUseFile ? 127 : 0 },
    { list: sname, left: mayUseSname ? 63 : 0 },
  ];
  for (const bytes of encoded) {
    const area = areas.find((a) => a.left >= bytes.length);
    if (area === undefined) {
      throw new RangeError(`Cannot fit ${total} bytes of options into a message of ${maxBytes}`);
    }
    area.list.push(bytes);
    area.left -= bytes.length;
  }
  const overload = (file.length > 0 ? 1 : 0) + (sname.length > 0 ? 2 : 0);
  main.push(Uint8Array.of(DHCP_OPTION.OVERLOAD, 1, overload));
  const end = Uint8Array.of(DHCP_OPTION.END);
  return {
    options: concatenate(main),
    file: file.length > 0 ? concatenate([...file, end]) : undefined,
    sname: sname.length > 0 ? concatenate([...sname, end]) : undefined,
  };
}

/** Code, length, value; in pieces of 255 where it is longer. */
function encodeOption(code: number, value: Uint8Array): Uint8Array {
  const pieces = Math.max(1, Math.ceil(value.length / 255));
  const bytes = new Uint8Array(value.length + 2 * pieces);
  for (let i = 0; i < pieces; i++) {
    const piece = value.subarray(i * 255, (i + 1) * 255);
    bytes[i * 257] = code;
    bytes[i * 257 + 1] = piece.length;
    bytes.set(piece, i * 257 + 2);
  }
  return bytes;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function fieldText(text: string, maxBytes: number, field: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > maxBytes) {
    throw new RangeError(`Cannot write ${field}: ${bytes.length} bytes, at most ${maxBytes} fit`);
  }
  return bytes;
}
