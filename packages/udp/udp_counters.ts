/** {@linkcode UdpCounters}: what UDP did, the first four as RFC 4113 names them.
 *
 * @module
 */

/** Counters of a `UdpLayer`; UDP-Lite counts along. */
export interface UdpCounters {
  /** Datagrams delivered to users. */
  udpInDatagrams: number;
  /** Datagrams for a port nobody is bound to. */
  udpNoPorts: number;
  /** Datagrams not delivered for any other reason: the sum of the `in…` ones below. */
  udpInErrors: number;
  /** Datagrams sent. */
  udpOutDatagrams: number;
  /** Received: shorter than the header, or a length field that does not fit. */
  inLengthErrors: number;
  /** Received: wrong checksum, or none where one is due. */
  inChecksumErrors: number;
  /** Received UDP-Lite: coverage of 1 … 7, beyond the packet, or less than the endpoint wants. */
  inCoverageErrors: number;
  /** Received for an endpoint without a receiver. */
  inNoReceiver: number;
  /** Received: no memory for one more copy of a broadcast or multicast datagram. */
  inNoBuffers: number;
  /** Received multicast which no endpoint of the port wants from that sender. Not an error. */
  inFiltered: number;
  /** ICMP errors handed to an endpoint. */
  inIcmpErrors: number;
  /** ICMP errors about nobody's datagram, or cut too short to tell. */
  inIcmpErrorsUnmatched: number;
  /** Not sent: pool or transmit queue full. */
  outNoBuffers: number;
  /** Not sent for any other reason: route, permission, size. */
  outRefused: number;
  /** Endpoints refused because the table was full, or no port was free. */
  endpointsRefused: number;
}

/** Counters at 0. */
export function newUdpCounters(): UdpCounters {
  return {
    udpInDatagrams: 0,
    udpNoPorts: 0,
    udpInErrors: 0,
    udpOutDatagrams: 0,
    inLengthErrors: 0,
    inChecksumErrors: 0,
    inCoverageErrors: 0,
    inNoReceiver: 0,
    inNoBuffers: 0,
    inFiltered: 0,
    inIcmpErrors: 0,
    inIcmpErrorsUnmatched: 0,
    outNoBuffers: 0,
    outRefused: 0,
    endpointsRefused: 0,
  };
}
