/** A DHCP and a DNS server of a few lines each, so that a client has answers to be disturbed with. They answer everything, and
 * read nothing but what they must.
 *
 * @module
 */
import { type IpAddress, ipv4 } from "@lightwire/ip";
import type { Netif } from "@lightwire/netif";
import { copyTo, type Pbuf } from "@lightwire/pbuf";
import type { UdpLayer } from "@lightwire/udp";
import type { Draw } from "../sim/draw.ts";

/** Port of DHCP servers. */
const DHCP_SERVER_PORT = 67;
/** Port of DHCP clients. */
const DHCP_CLIENT_PORT = 68;
/** Port of DNS servers. */
const DNS_PORT = 53;

/** Answers each DHCPDISCOVER by an offer of 10.0.0.50, each request by an acknowledgment or, now and then, by a refusal. */
export function serveDhcp(udp: UdpLayer, netif: Netif, address: IpAddress, draw: Draw): void {
  const endpoint = udp.open({ localPort: DHCP_SERVER_PORT, allowBroadcast: true, boundNetif: netif });
  endpoint.onReceive = (p) => {
    const request = bytesOf(p);
    const type = request[242];
    if (request.length < 243 || request[240] !== 53 || (type !== 1 && type !== 3)) return;
    const isRefused = type === 3 && draw.chance(0.1);
    const reply = new Uint8Array(340);
    reply.set(request.subarray(0, 240));
    reply[0] = 2;
    reply.fill(0, 12, 28);
    if (!isRefused) reply.set([10, 0, 0, 50], 16);
    const server = octets(address);
    reply.set([53, 1, isRefused ? 6 : type === 1 ? 2 : 5, 54, 4, ...server], 240);
    if (!isRefused) {
      const options = [
        [51, 4, 0, 0, 0, 120], // lease: two minutes
        [58, 4, 0, 0, 0, 60],
        [59, 4, 0, 0, 0, 105],
        [1, 4, 255, 255, 255, 0],
        [3, 4, ...server],
        [6, 8, ...server, 10, 0, 0, 3],
        [15, 7, ...new TextEncoder().encode("example")],
        [26, 2, 5, 120],
        [42, 4, ...server],
        [119, 9, 7, ...new TextEncoder().encode("example"), 0],
        [121, 8, 24, 10, 1, 2, 10, 0, 0, 2],
      ].flat();
      reply.set(options, 249);
      reply[249 + options.length] = 255;
    } else {
      reply[249] = 255;
    }
    endpoint.sendTo(reply, ipv4(0xffffffff), DHCP_CLIENT_PORT);
  };
}

/** RDATA by type; 0xc0 0x0c points to the name that was asked for. */
const RDATA: ReadonlyMap<number, readonly number[]> = new Map([
  [2, [0xc0, 12]], // NS
  [5, [0xc0, 12]], // CNAME
  [6, [0xc0, 12, 0xc0, 12, ...new Array<number>(20).fill(1)]], // SOA
  [12, [4, 0x68, 0x6f, 0x73, 0x74, 0xc0, 12]], // PTR
  [15, [0, 10, 0xc0, 12]], // MX
  [16, [3, 0x61, 0x62, 0x63, 2, 0x64, 0x65]], // TXT
  [28, [0x20, 1, 0xd, 0xb8, ...new Array<number>(12).fill(1)]], // AAAA
  [33, [0, 1, 0, 2, 0, 80, 0xc0, 12]], // SRV
]);

/** Answers each DNS query by an alias and an address, or by two records of the type asked for, one of which is rubbish now and
 * then. */
export function serveDns(udp: UdpLayer, draw: Draw): void {
  const endpoint = udp.open({ localPort: DNS_PORT });
  endpoint.onReceive = (p, { source, sourcePort }) => {
    const { address, port } = { address: source, port: sourcePort };
    const query = bytesOf(p);
    const end = questionEnd(query);
    if (end < 0) return;
    const type = query[end - 3]!;
    const pointer = [0xc0, 12];
    const fixed = (ofType: number, length: number) => [0, ofType, 0, 1, 0, 0, 0, 30, 0, length];
    const answers = type === 1
      ? [[...pointer, ...fixed(5, 4), 1, 0x61, ...pointer], [0xc0, end + 12, ...fixed(1, 4), 10, 0, 0, 9]]
      : [1, 2].map(() => {
        const rdata = draw.chance(0.05) ? [...draw.bytes(24)] : RDATA.get(type) ?? [];
        return [...pointer, ...fixed(type, rdata.length), ...rdata];
      });
    const reply = new Uint8Array([...query.subarray(0, end), ...answers.flat()]);
    reply[2] = 0x81;
    reply[3] = 0x80;
    reply.set([0, 1, 0, answers.length, 0, 0, 0, 0], 4);
    endpoint.sendTo(reply, address, port);
  };
}

/** Where the first question of a message ends, −1 if there is none. */
function questionEnd(message: Uint8Array): number {
  let at = 12;
  while (at < message.length && message[at]! !== 0) at += message[at]! + 1;
  return at + 5 <= message.length ? at + 5 : -1;
}

function octets(address: IpAddress): number[] {
  return [24, 16, 8, 0].map((shift) => (address.w3 >>> shift) & 255);
}

/** The bytes of a packet, which is released. */
function bytesOf(p: Pbuf): Uint8Array {
  const bytes = new Uint8Array(p.totalLength);
  copyTo(p, bytes);
  p.release();
  return bytes;
}
