/** Packets of a script as text: what IP carries (`[ect0]`, `[tos 0x10]`, `[ttl 1]`), TCP segments, ICMP errors.
 *
 * @module
 */
import { parseSegmentText, type SegmentText } from "@lightwire/tcp/harness";

/** What a script says about the IP header. */
export interface IpText {
  /** ECN field: one of these; `undefined`: not looked at, 0 when sent. */
  readonly ecn: readonly number[] | undefined;
  /** Type of service octet. */
  readonly tos: number | undefined;
  /** Time to live. */
  readonly ttl: number | undefined;
}

/** A TCP segment. */
export interface TcpText {
  /** Discriminates. */
  readonly kind: "tcp";
  /** Its IP header. */
  readonly ip: IpText;
  /** The segment. */
  readonly segment: SegmentText;
}

/** An ICMP error. */
export interface IcmpText {
  /** Discriminates. */
  readonly kind: "icmp";
  /** Type. */
  readonly type: number;
  /** Code. */
  readonly code: number;
  /** Next-hop MTU. */
  readonly mtu: number;
  /** Relative sequence number of the segment it quotes; `undefined`: the last one sent. */
  readonly seq: number | undefined;
  /** Octets of its text. */
  readonly length: number;
}

const ECN: Readonly<Record<string, readonly number[]>> = {
  noecn: [0],
  ect1: [1],
  ect0: [2],
  ect01: [1, 2],
  ce: [3],
};

/** Code of each kind of ICMP "unreachable" (RFC 792, RFC 1122 §3.2.2.1). */
const UNREACHABLE: Readonly<Record<string, number>> = {
  net_unreachable: 0,
  host_unreachable: 1,
  protocol_unreachable: 2,
  port_unreachable: 3,
  frag_needed: 4,
  source_route_failed: 5,
  net_unknown: 6,
  host_unknown: 7,
  source_host_isolated: 8,
  net_prohibited: 9,
  host_prohibited: 10,
  net_unreachable_for_tos: 11,
  host_unreachable_for_tos: 12,
  packet_filtered: 13,
  communication_prohibited: 13,
  precedence_violation: 14,
  precedence_cutoff: 15,
};

function parseIp(text: string): IpText {
  let ecn: readonly number[] | undefined;
  let tos: number | undefined;
  let ttl: number | undefined;
  for (const part of text.split(",").map((p) => p.trim())) {
    const [name, value] = part.split(/\s+/);
    if (ECN[name!] !== undefined) ecn = ECN[name!];
    else if (name === "tos") tos = Number(value);
    else if (name === "ttl") ttl = Number(value);
    else if (name !== "flowlabel") throw new SyntaxError(`Cannot read "${part}" of the IP header`);
  }
  return { ecn, tos, ttl };
}

/** Types of ICMP that are about nothing that was sent, or known by number only (RFC 792, RFC 950, RFC 1122 §3.2.2). */
const TYPES: Readonly<Record<string, number>> = {
  echo_reply: 0,
  source_quench: 4,
  redirect: 5,
  echo_request: 8,
  time_exceeded: 11,
  parameter_problem: 12,
  timestamp_request: 13,
  timestamp_reply: 14,
  information_request: 15,
  information_reply: 16,
  address_mask_request: 17,
  address_mask_reply: 18,
};

/** The number of `type_13`, `code_4`. */
function numbered(text: string | undefined, prefix: string): number | undefined {
  return text?.startsWith(prefix) ? Number(text.slice(prefix.length)) : undefined;
}

/** Reads an ICMP message; what it quotes may stand before it, too. */
function parseIcmp(text: string): IcmpText {
  const found =
    /^icmp\s+(\w+)(?:\s+(\w+))?(?:\s+mtu\s+(\d+))?(?:\s*\[(?:tcp\s+)?(\d+):\d+\((\d+)\)[^\]]*\])?\s*$/
      .exec(text.replace(/^(\[[^\]]*\])\s*(icmp.*)$/, "$2 $1"));
  if (found === null) throw new SyntaxError(`Cannot read "${text}"`);
  const [, kind, detail, mtu, seq, length] = found;
  const common = {
    kind: "icmp" as const,
    mtu: Number(mtu ?? 0),
    seq: seq === undefined ? undefined : Number(seq),
    length: Number(length ?? 0),
  };
  if (kind === "unreachable") {
    const code = numbered(detail, "code_") ?? UNREACHABLE[detail ?? "net_unreachable"];
    if (code === undefined) throw new SyntaxError(`There is no ICMP "unreachable ${detail}"`);
    return { ...common, type: 3, code };
  }
  const type = numbered(kind, "type_") ?? TYPES[kind!];
  if (type === undefined) throw new SyntaxError(`There is no ICMP "${kind}"`);
  return { ...common, type, code: numbered(detail, "code_") ?? (/reassembly/.test(detail ?? "") ? 1 : 0) };
}

/** Reads what stands behind `<` or `>`.
 *
 * @throws {SyntaxError} if it is not in the notation.
 */
export function parsePacketText(text: string): TcpText | IcmpText {
  if (/^\[\d+:[^\]]*\]\s*icmp/.test(text)) return parseIcmp(text);
  // `{ mut … }`: what a fuzzer may do with the packet.
  text = text.replace(/\s*\{[^}]*\}$/, "");
  const ip = /^[[(]([^\])]*)[\])]\s*/.exec(text);
  const rest = (ip === null ? text : text.slice(ip[0].length)).replace(/^tcp\s+/, "");
  if (rest.startsWith("icmp")) return parseIcmp(rest);
  if (/^(?:udp|ipv4|ipv6|gre|mpls)\b/.test(rest)) {
    throw new SyntaxError(`Only TCP is spoken here, not "${rest}"`);
  }
  return {
    kind: "tcp",
    ip: ip === null ? { ecn: undefined, tos: undefined, ttl: undefined } : parseIp(ip[1]!),
    segment: parseSegmentText(rest),
  };
}
