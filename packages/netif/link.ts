/** The contract between a link driver and an interface.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";

/** A 48-bit EUI-48 address as an integer: `0x02_00_00_00_00_01` is 02:00:00:00:00:01. */
export type MacAddress = number;

/** What a driver can take over from the stack. */
export interface LinkCapabilities {
  /** It completes a partial checksum ({@linkcode Pbuf.checksumStart}) of a packet it transmits. */
  readonly txChecksum: boolean;
  /** It marks packets whose transport checksum it verified with `PBUF_CHECKSUM_VERIFIED`. */
  readonly rxChecksum: boolean;
  /** Longest TCP/IPv4 or IPv6 packet (IP header included) that it cuts by `gsoSize` itself; 0: it does not (TSO/GSO). */
  readonly gsoMaxBytes: number;
  /** It may hand up TCP segments merged beyond the MTU (GRO). */
  readonly gro: boolean;
}

/** No offload at all. */
export const NO_OFFLOAD: LinkCapabilities = {
  txChecksum: false,
  rxChecksum: false,
  gsoMaxBytes: 0,
  gro: false,
};

/** Who a driver hands frames to: a {@linkcode Netif}. All calls are synchronous; when one returns, all its
 * effects have happened, or wait for a timer or for {@linkcode inputBatchEnd}. */
export interface LinkSink {
  /** One frame has arrived; takes ownership of `p`, whose first byte is the first byte of the frame. */
  linkInput(p: Pbuf): void;
  /** The driver has no more frames for now: acknowledge, transmit, wake. Called after every run of
   * {@linkcode linkInput}s, also after a single one. */
  inputBatchEnd(): void;
  /** The carrier came or went. */
  linkStateChanged(isUp: boolean): void;
  /** Room again after {@linkcode LinkDriver.transmit} returned false. */
  linkWritable(): void;
}

/** A network device, as the stack sees it. A middleware (fault, trace, pcap) wraps a driver and is one. */
export interface LinkDriver {
  /** "ethernet": frames start with an Ethernet header; "ip": packets start with an IP header. */
  readonly medium: "ethernet" | "ip";
  /** Largest IP packet of a frame, in bytes. */
  readonly mtu: number;
  /** Bytes of headroom the driver itself wants in front of a frame (a virtio-net header: 10 or 12). */
  readonly maxHeaderLength: number;
  /** The station address of an Ethernet device; `undefined` on medium "ip", or if the host is to choose. */
  readonly macAddress: MacAddress | undefined;
  /** What it takes over. */
  readonly capabilities: LinkCapabilities;
  /** Connects the driver with its interface; frames may flow afterwards. */
  attach(sink: LinkSink): void;
  /** Sends one frame.
   *
   * @returns true when it took ownership of `p` (sent, queued, or lost on the way);
   * false when it is full: the caller keeps `p` and waits for {@linkcode LinkSink.linkWritable}.
   */
  transmit(p: Pbuf): boolean;
  /** The stack has no more frames for now: write out what was batched. */
  flush(): void;
  /** Stops, and releases everything that is queued. */
  close(): void;
}
