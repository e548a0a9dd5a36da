/** ICMP errors about segments of ours (RFC 9293 §3.9.2.2, RFC 5461, RFC 5927).
 *
 * @module
 */
import type { IpErrorInfo } from "@lightwire/ip";
import type { NetErrorCode } from "@lightwire/netif";
import { updateSmss } from "./path_mtu.ts";
import { recoverAfterMtuChange } from "./recovery.ts";
import { seqBetween } from "./seq.ts";
import { isSynchronized } from "./state.ts";
import { EVENT_SOFT_ERROR, type Tcb } from "./tcb.ts";
import { deleteTcb } from "./teardown.ts";
import { startRetransmissionAt, TIMER_RTO } from "./timer_set.ts";
import { transmitSyn } from "./transmit.ts";

/** What each kind means to the user; `undefined`: nothing. Time exceeded and parameter problem are soft errors like the others
 * (RFC 9293 §3.9.2.2, SHLD-25); deviation: POSIX has EPROTO for the latter, which here is a host that cannot be reached. */
function codeOf(error: IpErrorInfo): NetErrorCode | undefined {
  switch (error.kind) {
    case "net-unreachable":
      return "NETWORK_UNREACHABLE";
    case "host-unreachable":
    case "source-route-failed":
    case "prohibited":
    case "ttl-exceeded":
    case "reassembly-timeout":
    case "parameter-problem":
      return "HOST_UNREACHABLE";
    case "protocol-unreachable":
      return "PROTOCOL_UNREACHABLE";
    case "port-unreachable":
      return "CONNECTION_REFUSED";
    default:
      return undefined;
  }
}

/** Whether RFC 5925 §7.8 calls an error hard: codes 2 to 4 of ICMP's destination unreachable, 1 and 4 of ICMPv6's. */
function isHardError({ kind, localAddress }: IpErrorInfo): boolean {
  if (kind === "port-unreachable") return true;
  if (localAddress.family === 6) return kind === "prohibited";
  return kind === "protocol-unreachable" || kind === "fragmentation-needed";
}

/** Octets of a TCP header that every ICMP error quotes (RFC 792): the ports and the sequence number. */
export const QUOTED_OCTETS = 8;

/** Whether an error is believed. The quoted sequence number must be one in flight, SND.UNA =< SEG.SEQ < SND.NXT: who cannot see
 * our packets has to guess it (RFC 5927 §4.1). Without that, anybody could tear down connections, or narrow paths (RFC 5927 §7.2).
 * Of hard errors about connections with TCP-AO none is, since nobody has signed them (RFC 5925 §7.8).
 *
 * @param error quotes a packet with the addresses and ports of this connection.
 */
export function isCredible(tcb: Tcb, error: IpErrorInfo): boolean {
  const { authentication } = tcb.layer;
  if (authentication !== undefined && isHardError(error) && isSynchronized(tcb.state)) {
    if (authentication.ignoresHardErrors(tcb)) return false;
  }
  return seqBetween(tcb.sndUna, error.quoted.getUint32(error.quotedOffset + 4), tcb.sndNxt);
}

/** An error about a segment of this connection. `ip` has checked the quoted addresses.
 *
 * @returns false when it was ignored.
 */
export function icmpErrorArrives(tcb: Tcb, error: IpErrorInfo): boolean {
  if (!isCredible(tcb, error)) return false;
  if (error.kind === "fragmentation-needed") {
    pathMtuShrank(tcb);
    return true;
  }
  // Source quench must be ignored (MUST-55).
  const code = codeOf(error);
  if (code === undefined) return true;
  const isOpening = tcb.state === "SYN-SENT" || tcb.state === "SYN-RECEIVED";
  const isHard = error.kind === "protocol-unreachable" || error.kind === "port-unreachable";
  const isLoss = error.kind === "reassembly-timeout";
  if (isOpening && !isLoss && (isHard || tcb.layer.config.abortConnectOnIcmp)) {
    deleteTcb(tcb, code);
    return true;
  }
  // In synchronized states even hard errors are only noted: the path works, or the timers will tell (RFC 5927 §5.2).
  tcb.softError = code;
  tcb.events |= EVENT_SOFT_ERROR;
  if (error.kind === "net-unreachable" || error.kind === "host-unreachable") revertBackOff(tcb, error);
  tcb.layer.touch(tcb);
  return true;
}

/** Long connectivity disruptions (RFC 6069 §4.1): a retransmission after a timeout got as far as a router that has no way on. What the
 * timer doubled for is no congestion, so that the doubling is taken back: the path is tried as often as at first, and its return is
 * noticed soon. R2 goes on. */
function revertBackOff(tcb: Tcb, error: IpErrorInfo): void {
  const { sent, rto } = tcb;
  if (sent === undefined || tcb.retransmitCount === 0 || tcb.timerKind !== TIMER_RTO) return;
  if (tcb.state === "SYN-SENT" || tcb.state === "SYN-RECEIVED") return;
  if (error.quoted.getUint32(error.quotedOffset + 4) !== tcb.sndUna) return;
  const sentAtMs = sent.rtoAtMs - rto.rtoMs;
  if (!rto.revertBackOff()) return;
  const nowMs = tcb.layer.clock.now();
  const atMs = sentAtMs + rto.rtoMs;
  sent.rtoAtMs = atMs > nowMs ? atMs : nowMs;
  startRetransmissionAt(tcb, sent.rtoAtMs);
}

/** The path MTU cache has a smaller value: smaller segments from now on, what is outstanding included (RFC 1191 §6.5). */
function pathMtuShrank(tcb: Tcb): void {
  const before = tcb.smss;
  tcb.tx.generation = -1;
  if (tcb.layer.ip.prepare(tcb.tx) !== undefined) return;
  if (tcb.tx.pathMtu !== tcb.smssPathMtu) updateSmss(tcb);
  if (tcb.smss < before && tcb.state !== "SYN-SENT" && tcb.state !== "SYN-RECEIVED") {
    recoverAfterMtuChange(tcb);
  } else if (tcb.state === "SYN-SENT" && tcb.layer.handshakes.fastOpen.synTooLarge(tcb)) transmitSyn(tcb);
}
