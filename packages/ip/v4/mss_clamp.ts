/** Data plane. {@linkcode clampTcpMss}: a router before a narrow link lowers the MSS option of the connections that pass, since the
 * ICMP errors which should do it are so often lost (`iptables -j TCPMSS --clamp-mss-to-pmtu`).
 *
 * @module
 */
import { type Pbuf, updateChecksum16 } from "@lightwire/pbuf";
import { IPV4_OFFSET } from "./ipv4_header.ts";

const TCP_PROTOCOL = 6;
const TCP_HEADER_LENGTH = 20;
const SYN = 0x02;
const RST = 0x04;
const OPTION_END = 0;
const OPTION_NOP = 1;
const OPTION_MSS = 2;
/** What is never asked for, however narrow the link is (RFC 9293 §3.7.1). */
const LEAST_MSS = 216;

/** Lowers the MSS option of a SYN to what fits into `mtu`; anything else stays as it is. The packet's memory must be its own.
 *
 * Deviation: a SYN without the option gets none: it means 536, which is small enough.
 *
 * @param p `p.start` at its IPv4 header, a whole packet or a first fragment.
 * @returns whether it was changed.
 */
export function clampTcpMss(p: Pbuf, mtu: number): boolean {
  const { view, start, end } = p;
  if (view.getUint8(start + IPV4_OFFSET.protocol) !== TCP_PROTOCOL) return false;
  if ((view.getUint16(start + IPV4_OFFSET.flagsFragment) & 0x1fff) !== 0) return false;
  const headerLength = (view.getUint8(start) & 0x0f) * 4;
  const tcp = start + headerLength;
  if (tcp + TCP_HEADER_LENGTH > end || (view.getUint8(tcp + 13) & (SYN | RST)) !== SYN) return false;
  const optionsEnd = tcp + (view.getUint8(tcp + 12) >>> 4) * 4;
  if (optionsEnd > end) return false;
  const most = mtu - 40 > LEAST_MSS ? mtu - 40 : LEAST_MSS;
  for (let at = tcp + TCP_HEADER_LENGTH; at + 4 <= optionsEnd;) {
    const kind = view.getUint8(at);
    if (kind === OPTION_END) return false;
    if (kind === OPTION_NOP) {
      at++;
      continue;
    }
    const length = view.getUint8(at + 1);
    if (length < 2) return false;
    if (kind === OPTION_MSS && length === 4) return lower(p, tcp, at + 2, most);
    at += length;
  }
  return false;
}

function lower(p: Pbuf, tcp: number, at: number, most: number): boolean {
  const { view } = p;
  const mss = view.getUint16(at);
  if (mss <= most) return false;
  view.setUint16(at, most);
  // A sum that the sender's interface was to finish does not have the option in it yet.
  if (p.checksumStart >= 0) return true;
  const checksum = view.getUint16(tcp + 16);
  if (((at - tcp) & 1) === 0) {
    view.setUint16(tcp + 16, updateChecksum16(checksum, mss, most));
    return true;
  }
  // At an odd place its octets are halves of two words: the sum is that of the octets swapped (RFC 1071 §2 (B)).
  view.setUint16(tcp + 16, updateChecksum16(checksum, swap(mss), swap(most)));
  return true;
}

function swap(word: number): number {
  return ((word & 0xff) << 8) | (word >>> 8);
}
