/** What a faulty network does to the packets of a PPP link.
 *
 * @module
 */
import type { TimerQueue } from "@lightwire/netif";
import { CP_CODE, emitCpOptions, emitCpPacket, parseCpOptions, parseCpPacket } from "../cp_packet.ts";
import { IPCP_OPTION } from "../ipcp.ts";
import { LCP_OPTION } from "../lcp_options.ts";
import {
  PPP_IPCP,
  PPP_IPV4,
  PPP_IPV6,
  PPP_LCP,
  PPP_VJ_COMPRESSED,
  PPP_VJ_UNCOMPRESSED,
} from "../ppp_protocol_number.ts";
import type { SerialPort } from "../serial_port.ts";
import type { PppBehaviour } from "./modem_behaviour.ts";
import { PacketFilterPort, type PacketFilters } from "./packet_filter_port.ts";

/** A fault of one link. */
export interface PppFault {
  /** What the link is to be put on. */
  readonly port: SerialPort;
  /** IP flows. */
  up(): void;
  /** The call is over. */
  stop(): void;
}

/** CHAP algorithm which no session of ours offers: SHA-256 (registry of RFC 1994 §3). */
const CHAP_SHA256 = 7;
/** Longest IP packet that comes through a black hole. */
export const BLACK_HOLE_MTU = 1280;
/** How long a network lets a caller in that it will throw out, in milliseconds. */
const TOLERANCE_MS = 1500;
/** How long it waits for the answer to its Terminate-Request. */
const FAREWELL_MS = 500;
/** What it says to that. */
export const TERMINATE_TEXT = "Administrative shutdown: no credit left";

/** Rewrites the options of a packet of one protocol and some codes. */
function rewriteOptions(
  protocol: number,
  codes: readonly number[],
  change: (type: number, data: Uint8Array) => Uint8Array,
): (p: number, packet: Uint8Array) => Uint8Array {
  return (p, packet) => {
    const parsed = p === protocol ? parseCpPacket(packet, 0, packet.length) : undefined;
    if (parsed === undefined || !codes.includes(parsed.code)) return packet;
    const options = parseCpOptions(parsed.data);
    if (options === undefined) return packet;
    const changed = options.map(({ type, data }) => ({ type, data: change(type, data) }));
    return emitCpPacket(parsed.code, parsed.id, emitCpOptions(changed));
  };
}

const NO_ADDRESS = rewriteOptions(PPP_IPCP, [CP_CODE.CONFIGURE_NAK], (type, data) => {
  return type === IPCP_OPTION.ADDRESS ? new Uint8Array(4) : data;
});
const ODD_AUTH = rewriteOptions(PPP_LCP, [CP_CODE.CONFIGURE_REQUEST], (type, data) => {
  return type === LCP_OPTION.AUTHENTICATION && data.length === 3
    ? Uint8Array.of(data[0]!, data[1]!, CHAP_SHA256)
    : data;
});
/** What the link hears must be what it said: an Ack of the odd option would puzzle it, and no sane peer sends one. */
const ODD_AUTH_BACK = rewriteOptions(PPP_LCP, [CP_CODE.CONFIGURE_REJECT], (type, data) => {
  return type === LCP_OPTION.AUTHENTICATION && data.length === 3 && data[2] === CHAP_SHA256
    ? Uint8Array.of(data[0]!, data[1]!, 5)
    : data;
});

function swallowLarge(protocol: number, packet: Uint8Array): Uint8Array | undefined {
  const isIp = protocol === PPP_IPV4 || protocol === PPP_IPV6 || protocol === PPP_VJ_COMPRESSED ||
    protocol === PPP_VJ_UNCOMPRESSED;
  return isIp && packet.length > BLACK_HOLE_MTU ? undefined : packet;
}

const FILTERS: Partial<Readonly<Record<PppBehaviour, PacketFilters>>> = {
  "deaf": { inbound: () => undefined },
  "no-address": { outbound: NO_ADDRESS },
  "odd-auth": { outbound: ODD_AUTH, inbound: ODD_AUTH_BACK },
  "black-hole": { outbound: swallowLarge, inbound: swallowLarge },
};

/** Puts a fault between a call and its PPP link; none for a network that works.
 *
 * @param onOver Called when the fault ends the call.
 */
export function createPppFault(
  behaviour: PppBehaviour,
  port: SerialPort,
  timers: TimerQueue,
  onOver: () => void,
): PppFault {
  if (behaviour === "terminates") return createTermination(port, timers, onOver);
  const filters = FILTERS[behaviour];
  const filtered = filters === undefined ? port : new PacketFilterPort(port, filters);
  return { port: filtered, up() {}, stop() {} };
}

/** A network that throws its caller out, with a text (RFC 1661 §5.5). */
function createTermination(port: SerialPort, timers: TimerQueue, onOver: () => void): PppFault {
  let isLeaving = false;
  const filtered = new PacketFilterPort(port, {
    inbound: (protocol, packet) => {
      if (isLeaving && protocol === PPP_LCP && packet[0] === CP_CODE.TERMINATE_ACK) last.start(0);
      return packet;
    },
  });
  const last = timers.create(onOver);
  const first = timers.create(() => {
    isLeaving = true;
    const text = new TextEncoder().encode(TERMINATE_TEXT);
    filtered.send(PPP_LCP, emitCpPacket(CP_CODE.TERMINATE_REQUEST, 0xee, text));
    last.start(FAREWELL_MS);
  });
  return {
    port: filtered,
    up: () => first.start(TOLERANCE_MS),
    stop: () => {
      first.stop();
      last.stop();
    },
  };
}
