/** {@linkcode TcpCounters}: what a TCP layer counts. RFC 4022's names where it has one, ours for the rest.
 *
 * @module
 */

/** Counters of a layer. All but `currEstab` only grow. */
export interface TcpCounters {
  /** tcpActiveOpens: SYN-SENT entered. */
  activeOpens: number;
  /** tcpPassiveOpens: SYN-RECEIVED entered from LISTEN. */
  passiveOpens: number;
  /** tcpAttemptFails: connections that ended before ESTABLISHED. */
  attemptFails: number;
  /** tcpEstabResets: connections that ended from ESTABLISHED or CLOSE-WAIT without two FINs. */
  estabResets: number;
  /** tcpCurrEstab: connections in ESTABLISHED or CLOSE-WAIT now. */
  currEstab: number;
  /** tcpHCInSegs: segments received, bad ones included; of merged ones each. */
  inSegs: number;
  /** tcpHCOutSegs with tcpRetransSegs: segments sent; of super-segments each that the link makes of them. */
  outSegs: number;
  /** tcpRetransSegs: segments sent again. */
  retransSegs: number;
  /** tcpInErrs: segments refused: bad checksum, bad header. */
  inErrs: number;
  /** tcpOutRsts: resets sent. */
  outRsts: number;
  /** Segments with a wrong checksum, part of `inErrs`. */
  checksumErrors: number;
  /** Segments with a header cut short or a bad data offset, part of `inErrs`. */
  headerErrors: number;
  /** Segments from or to an address that TCP does not speak with: broadcast, group, unspecified. */
  addressErrors: number;
  /** Segments for which there was neither connection nor listener. */
  noPort: number;
  /** Segments dropped because they carry no signature, and must (RFC 2385, RFC 5925). */
  signaturesMissing: number;
  /** Segments dropped because of an MD5 signature for which there is no key. */
  signaturesUnexpected: number;
  /** Segments dropped because their signature is wrong. */
  signatureFailures: number;
  /** Segments dropped by the tcpInpacket hook. */
  hookDrops: number;
  /** SYNs dropped because a listener's backlog was full. */
  listenOverflows: number;
  /** Acknowledgments of our SYN-ACK dropped, or answered with a reset, because a listener's backlog was full. */
  acceptOverflows: number;
  /** Half-open connections dropped in favour of newer ones (RFC 4987 §3.5). */
  halfOpenRecycled: number;
  /** Connections whose SYN took text along that was acknowledged with it (RFC 7413). */
  fastOpenActive: number;
  /** Connections whose SYN took text along in vain. */
  fastOpenActiveFails: number;
  /** Connections accepted by the cookie in their SYN. */
  fastOpenPassive: number;
  /** SYNs with a cookie that was not ours. */
  fastOpenPassiveFails: number;
  /** Fast Open cookies sent. */
  fastOpenCookiesSent: number;
  /** SYNs with a cookie whose text was not taken: too many such handshakes were not over. */
  fastOpenOverflows: number;
  /** SYN cookies sent (RFC 4987 §3.6). */
  synCookiesSent: number;
  /** Connections made from a SYN cookie that came back. */
  synCookiesReceived: number;
  /** Acknowledgments that looked like those of a SYN cookie, and were not. */
  synCookiesFailed: number;
  /** SYN-ACKs not repeated, since nothing came back for so many of them. */
  synAcksWithheld: number;
  /** Segments dropped as old duplicates by their timestamp (RFC 7323 §5). */
  pawsDrops: number;
  /** Segments dropped for want of the timestamp that was agreed on (RFC 7323 §3.2). */
  missingTimestamps: number;
  /** Segments whose text arrived ahead of a gap. */
  outOfOrder: number;
  /** Octets out of order dropped to give memory back. */
  prunedBytes: number;
  /** Segments with text dropped because all connections together held too much. */
  memoryDrops: number;
  /** Challenge ACKs sent (RFC 5961). */
  challengeAcks: number;
  /** Fast recoveries entered. */
  fastRecoveries: number;
  /** Expiries of the retransmission timer. */
  timeouts: number;
  /** SACK blocks refused: they lay outside of what was sent. */
  invalidSacks: number;
  /** Packets with text that a router had marked (RFC 3168). */
  ceReceived: number;
  /** Windows reduced because the peer echoed a mark. */
  ecnReductions: number;
  /** Tail loss probes sent (RFC 8985 §7). */
  tailLossProbes: number;
  /** Losses that a tail loss probe repaired. */
  tailLossRepairs: number;
  /** Recoveries and timeouts that turned out to be for nothing, and were undone. */
  undoneRecoveries: number;
  /** Times that segments were made smaller because large ones did not seem to pass (RFC 8899 §4.3). */
  blackHoles: number;
  /** Path MTU probes that arrived (RFC 4821 §7.6.1). */
  mtuProbeSuccesses: number;
  /** Path MTU probes that were lost (RFC 4821 §7.6.2). */
  mtuProbeFailures: number;
  /** Acknowledgments that the delayed acknowledgment timer sent. */
  delayedAcks: number;
  /** Zero-window probes sent. */
  windowProbes: number;
  /** Keep-alive probes sent. */
  keepAliveProbes: number;
  /** Segments not built because the pool was empty. */
  noBuffers: number;
  /** Segments that `ip` dropped at once: queue full, no route. */
  outDiscards: number;
  /** ICMP errors for a segment that is not in flight (RFC 5927 §4.1), reports of a smaller path MTU included. */
  icmpIgnored: number;
  /** Connections dropped to make room for others (TC-12), and TIME-WAITs beyond their bound. */
  recycled: number;
  /** Connections reset when they were closed, or later, since there were too many of their kind. */
  orphansReset: number;
  /** TIME-WAITs that a new SYN ended (RFC 6191). */
  timeWaitReused: number;
  /** Connections refused because there were too many. */
  connectionOverflows: number;
}

/** All zero. */
export function newTcpCounters(): TcpCounters {
  return {
    activeOpens: 0,
    passiveOpens: 0,
    attemptFails: 0,
    estabResets: 0,
    currEstab: 0,
    inSegs: 0,
    outSegs: 0,
    retransSegs: 0,
    inErrs: 0,
    outRsts: 0,
    checksumErrors: 0,
    headerErrors: 0,
    addressErrors: 0,
    noPort: 0,
    signaturesMissing: 0,
    signaturesUnexpected: 0,
    signatureFailures: 0,
    hookDrops: 0,
    listenOverflows: 0,
    acceptOverflows: 0,
    halfOpenRecycled: 0,
    fastOpenActive: 0,
    fastOpenActiveFails: 0,
    fastOpenPassive: 0,
    fastOpenPassiveFails: 0,
    fastOpenCookiesSent: 0,
    fastOpenOverflows: 0,
    synCookiesSent: 0,
    synCookiesReceived: 0,
    synCookiesFailed: 0,
    synAcksWithheld: 0,
    pawsDrops: 0,
    missingTimestamps: 0,
    outOfOrder: 0,
    prunedBytes: 0,
    memoryDrops: 0,
    challengeAcks: 0,
    fastRecoveries: 0,
    timeouts: 0,
    invalidSacks: 0,
    ceReceived: 0,
    ecnReductions: 0,
    tailLossProbes: 0,
    tailLossRepairs: 0,
    undoneRecoveries: 0,
    blackHoles: 0,
    mtuProbeSuccesses: 0,
    mtuProbeFailures: 0,
    delayedAcks: 0,
    windowProbes: 0,
    keepAliveProbes: 0,
    noBuffers: 0,
    outDiscards: 0,
    icmpIgnored: 0,
    recycled: 0,
    orphansReset: 0,
    timeWaitReused: 0,
    connectionOverflows: 0,
  };
}
