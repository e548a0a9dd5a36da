/** {@linkcode NetifCounters}: what an interface counts.
 *
 * @module
 */

/** The objects of the interfaces group MIB (RFC 2863 §6), by their names there, and a few of our own. All start at 0
 * and never wrap. A super-segment (GSO, GRO) counts as one packet. */
export class NetifCounters {
  /** Bytes received in frames, headers included. */
  ifInOctets: number = 0;
  /** Packets handed up that were addressed to this station alone. */
  ifInUcastPkts: number = 0;
  /** Packets handed up that were addressed to a group. */
  ifInMulticastPkts: number = 0;
  /** Packets handed up that were addressed to all stations. */
  ifInBroadcastPkts: number = 0;
  /** Sound frames dropped: the interface is down, no layer is attached, or no buffer was free. */
  ifInDiscards: number = 0;
  /** Frames dropped because they are malformed: shorter than a header. */
  ifInErrors: number = 0;
  /** Frames dropped because nobody takes their EtherType, or IP version. */
  ifInUnknownProtos: number = 0;
  /** Frames dropped because of their destination address or VLAN: not ours. (Not in the MIB.) */
  inFiltered: number = 0;
  /** Bytes handed to the driver, headers included. */
  ifOutOctets: number = 0;
  /** Packets that were to be sent to one station, those dropped included. */
  ifOutUcastPkts: number = 0;
  /** Packets that were to be sent to a group, those dropped included. */
  ifOutMulticastPkts: number = 0;
  /** Packets that were to be sent to all stations, those dropped included. */
  ifOutBroadcastPkts: number = 0;
  /** Sound packets dropped: the interface is down, the transmit queue is full, or no buffer was free. */
  ifOutDiscards: number = 0;
  /** Packets dropped because they cannot be sent: too long, or their marks (checksum, GSO) make no sense. */
  ifOutErrors: number = 0;
  /** Frames that had to wait in the transmit queue. (Not in the MIB.) */
  outQueued: number = 0;
  /** Super-segments cut in software. (Not in the MIB.) */
  outSegmented: number = 0;
  /** Changes of the carrier or of the administrative state. (Not in the MIB.) */
  stateChanges: number = 0;
}
