/** IPv6 packets as text (RFC 8200, RFC 4443), for traces: header, extension headers, ICMPv6.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import { formatIpAddress, ipv6 } from "@lightwire/ip/address";

const HEADER_LENGTH = 40;
/** Extension headers that are looked behind, at most. */
const MAX_EXTENSIONS = 8;
const EXTENSION = { hopByHop: 0, routing: 43, fragment: 44, destination: 60 } as const;

/** An IPv6 packet as far as a trace wants to know. */
export interface Ipv6Line {
  /** Addresses and sizes, as text. */
  readonly text: string;
  /** Number of the protocol behind all extension headers. */
  readonly protocol: number;
  /** Where its header begins, in the bytes of the first buffer. */
  readonly at: number;
  /** Where the packet ends. */
  readonly end: number;
  /** A fragment other than the first: what follows is no header. */
  readonly isLaterFragment: boolean;
}

/** Reads the headers of a packet which begins at `offset` of the first buffer of `p`.
 *
 * @returns `undefined` when it is no IPv6 packet, or too short.
 */
export function readIpv6Packet(p: Pbuf, offset: number): Ipv6Line | undefined {
  const { view, end } = p;
  if (offset + HEADER_LENGTH > end || view.getUint8(offset) >>> 4 !== 6) return undefined;
  const payloadLength = view.getUint16(offset + 4);
  let protocol = view.getUint8(offset + 6);
  let at = offset + HEADER_LENGTH;
  let fragment = "";
  let isLaterFragment = false;
  for (let i = 0; i < MAX_EXTENSIONS && isExtension(protocol) && at + 8 <= end && !isLaterFragment; i++) {
    const next = view.getUint8(at);
    if (protocol === EXTENSION.fragment) {
      const word = view.getUint16(at + 2);
      isLaterFragment = word >>> 3 > 0;
      fragment = `, frag ${word & ~7}${(word & 1) === 1 ? "+" : ""}`;
      at += 8;
    } else {
      at += 8 * (1 + view.getUint8(at + 1));
    }
    protocol = next;
  }
  const text = `IP6 ${addressAt(view, offset + 8)} > ${addressAt(view, offset + 24)}: proto ${protocol}` +
    `, hlim ${view.getUint8(offset + 7)}${fragment}, length ${payloadLength}`;
  return { text, protocol, at, end: offset + HEADER_LENGTH + payloadLength, isLaterFragment };
}

/** Prints the head of an ICMPv6 message (RFC 4443 §2.1). */
export function formatIcmpv6(view: DataView, offset: number, length: number): string {
  if (length < 4) return `ICMP6 truncated, length ${length}`;
  const [type, code] = [view.getUint8(offset), view.getUint8(offset + 1)];
  const name = TYPES[type] ?? `type ${type}`;
  const isEcho = type === 128 || type === 129;
  const isAboutTarget = type === 135 || type === 136;
  const detail = isEcho && length >= 8
    ? `, id ${view.getUint16(offset + 4)}, seq ${view.getUint16(offset + 6)}`
    : isAboutTarget && length >= 24
    ? `, target ${addressAt(view, offset + 8)}`
    : code > 0
    ? `, code ${code}`
    : "";
  return `ICMP6 ${name}${detail}, length ${length}`;
}

const TYPES: Readonly<Record<number, string>> = {
  1: "destination unreachable",
  2: "packet too big",
  3: "time exceeded",
  4: "parameter problem",
  128: "echo request",
  129: "echo reply",
  130: "listener query",
  131: "listener report",
  132: "listener done",
  133: "router solicitation",
  134: "router advertisement",
  135: "neighbor solicitation",
  136: "neighbor advertisement",
  137: "redirect",
  143: "listener report v2",
};

function isExtension(protocol: number): boolean {
  return protocol === EXTENSION.hopByHop || protocol === EXTENSION.routing ||
    protocol === EXTENSION.fragment || protocol === EXTENSION.destination;
}

function addressAt(view: DataView, at: number): string {
  const word = (i: number): number => view.getUint32(at + 4 * i);
  return formatIpAddress(ipv6(word(0), word(1), word(2), word(3)));
}
