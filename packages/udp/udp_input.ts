/** Data plane. {@linkcode UdpInput}: datagrams and ICMP errors on their way up, of UDP or of UDP-Lite.
 *
 * @module
 */
import { clone, consumeAcross, type Pbuf, PBUF_CHECKSUM_VERIFIED, shrink } from "@lightwire/pbuf";
import type { Netif, Random } from "@lightwire/netif";
import {
  type IpAddress,
  type IpDisposition,
  type IpErrorInfo,
  type IpProtocolHandler,
  type IpRxInfo,
  IPV4_ANY,
} from "@lightwire/ip";
import type { UdpCounters } from "./udp_counters.ts";
import type { UdpEndpoint, UdpRxInfo } from "./udp_endpoint.ts";
import { udpErrorCode } from "./udp_error.ts";
import { isUdpChecksumGood, parseUdpHeader, UDP_HEADER_LENGTH, UdpHeader } from "./udp_header.ts";
import type { UdpOutput } from "./udp_output.ts";
import { coversFamily, UdpTable } from "./udp_table.ts";

/** Choices of a {@linkcode UdpInput}; see `UdpOptions`. */
export interface UdpInputOptions {
  /** Every matching endpoint gets its copy of broadcast and multicast. */
  readonly copyToAll: boolean;
  /** Endpoints move to the new address of their interface. */
  readonly followAddress: boolean;
  /** Ports for which no port-unreachable is sent. */
  readonly isPortQuiet: ((port: number) => boolean) | undefined;
}

/** The one info object of a layer. */
class ReusedRxInfo implements UdpRxInfo {
  source: IpAddress;
  sourcePort: number;
  destination: IpAddress;
  destinationPort: number;
  netif: Netif;
  ttl: number;
  tos: number;
  isBroadcast: boolean;
  isMulticast: boolean;

  constructor(rx: IpRxInfo) {
    this.source = IPV4_ANY;
    this.sourcePort = 0;
    this.destination = IPV4_ANY;
    this.destinationPort = 0;
    this.netif = rx.netif;
    this.ttl = 0;
    this.tos = 0;
    this.isBroadcast = false;
    this.isMulticast = false;
  }
}

/** The upward half of one protocol. */
export class UdpInput implements IpProtocolHandler {
  /** 17 or 136. */
  readonly protocol: number;
  /** Whether the third header field is a checksum coverage. */
  readonly isLite: boolean;
  /** The endpoints of this protocol. */
  readonly table: UdpTable<UdpEndpoint>;
  readonly #options: UdpInputOptions;
  readonly #counters: UdpCounters;
  readonly #output: UdpOutput;
  readonly #header: UdpHeader;
  readonly #targets: UdpEndpoint[];
  #info: ReusedRxInfo | undefined;

  /** Without endpoints.
   *
   * @param output told while input is under way, so that it leaves flushing to IP.
   */
  constructor(
    protocol: number,
    random: Random,
    options: UdpInputOptions,
    counters: UdpCounters,
    output: UdpOutput,
  ) {
    this.protocol = protocol;
    this.isLite = protocol === 136;
    this.table = new UdpTable(random);
    this.#options = options;
    this.#counters = counters;
    this.#output = output;
    this.#header = new UdpHeader();
    this.#targets = [];
    this.#info = undefined;
  }

  /** {@inheritDoc IpProtocolHandler.ipInput} */
  ipInput(p: Pbuf, rx: IpRxInfo): IpDisposition {
    const header = this.#header;
    const counters = this.#counters;
    const failure = parseUdpHeader(p, this.isLite, header);
    if (failure !== undefined) {
      if (failure === "bad-coverage") counters.inCoverageErrors++;
      else counters.inLengthErrors++;
      return this.#discard(p);
    }
    if (
      (p.flags & PBUF_CHECKSUM_VERIFIED) === 0 &&
      !isUdpChecksumGood(p, header, rx.source, rx.destination, this.protocol, this.isLite)
    ) {
      counters.inChecksumErrors++;
      return this.#discard(p);
    }
    if (rx.isBroadcast || rx.isMulticast) {
      this.#deliverToMany(p, rx);
      return "delivered";
    }
    const endpoint = this.table.lookup(
      rx.destination,
      header.destinationPort,
      rx.source,
      header.sourcePort,
      rx.netif,
    );
    if (endpoint === undefined) {
      counters.udpNoPorts++;
      const isPortQuiet = this.#options.isPortQuiet;
      if (isPortQuiet === undefined || !isPortQuiet(header.destinationPort)) return "port-unreachable";
      p.release();
      return "delivered";
    }
    this.#deliver(p, rx, endpoint);
    return "delivered";
  }

  /** {@inheritDoc IpProtocolHandler.ipError} */
  ipError(error: IpErrorInfo): void {
    const endpoint = this.#senderOf(error);
    if (endpoint === undefined) {
      this.#counters.inIcmpErrorsUnmatched++;
      return;
    }
    this.#counters.inIcmpErrors++;
    if (endpoint.onError === undefined) return;
    endpoint.onError({
      code: udpErrorCode(error.kind),
      kind: error.kind,
      icmpType: error.icmpType,
      icmpCode: error.icmpCode,
      reporter: error.reporter,
      remoteAddress: error.remoteAddress,
      remotePort: error.quoted.getUint16(error.quotedOffset + 2),
      mtu: error.mtu,
    });
  }

  /** {@inheritDoc IpProtocolHandler.ownsPacket} True when an endpoint has the quoted ports. */
  ownsPacket(error: IpErrorInfo): boolean {
    return this.#senderOf(error) !== undefined;
  }

  /** {@inheritDoc IpProtocolHandler.inputBatchEnd} Nothing waits here. */
  inputBatchEnd(): void {
    this.#output.isInputUnderWay = false;
  }

  /** {@inheritDoc IpProtocolHandler.addressChanged} Endpoints follow where that is wanted. */
  addressChanged(address: IpAddress, netif: Netif, isPresent: boolean): void {
    if (!this.#options.followAddress) return;
    for (const endpoint of this.table.list()) {
      if (!isPresent && endpoint.localAddress.equals(address)) {
        endpoint.lostNetif = netif;
      } else if (
        isPresent && endpoint.lostNetif === netif && endpoint.localAddress.family === address.family
      ) {
        endpoint.lostNetif = undefined;
        this.table.remove(endpoint);
        endpoint.localAddress = address;
        this.table.add(endpoint);
      }
    }
  }

  /** The endpoint that a quoted datagram came from. */
  #senderOf(error: IpErrorInfo): UdpEndpoint | undefined {
    const { quoted, quotedOffset } = error;
    if (error.quotedLength < 4 || quotedOffset + 4 > quoted.byteLength) return undefined;
    const localPort = quoted.getUint16(quotedOffset);
    const remotePort = quoted.getUint16(quotedOffset + 2);
    return this.table.lookup(error.localAddress, localPort, error.remoteAddress, remotePort, undefined);
  }

  #discard(p: Pbuf): IpDisposition {
    this.#counters.udpInErrors++;
    p.release();
    return "delivered";
  }

  /** Broadcast and multicast: nobody is told when nobody wants it (RFC 1122 §3.2.2). */
  #deliverToMany(p: Pbuf, rx: IpRxInfo): void {
    const targets = this.#targets;
    targets.length = 0;
    this.table.collect(this.#header.destinationPort, targets);
    let count = 0;
    for (let i = 0; i < targets.length; i++) {
      if (this.#wantsGroup(targets[i]!, rx)) targets[count++] = targets[i]!;
    }
    if (count === 0) {
      if (targets.length === 0) this.#counters.udpNoPorts++;
      else this.#counters.inFiltered++;
      p.release();
      return;
    }
    const last = this.#options.copyToAll ? count - 1 : 0;
    for (let i = 0; i < last; i++) {
      const copy = clone(p);
      if (copy !== undefined) {
        this.#deliver(copy, rx, targets[i]!);
      } else {
        this.#counters.udpInErrors++;
        this.#counters.inNoBuffers++;
      }
    }
    this.#deliver(p, rx, targets[last]!);
    targets.length = 0;
  }

  /** Whether an endpoint of the right port takes a datagram to a broadcast address or a group. */
  #wantsGroup(endpoint: UdpEndpoint, rx: IpRxInfo): boolean {
    if (endpoint.boundNetif !== undefined && endpoint.boundNetif !== rx.netif) return false;
    const remote = endpoint.remoteAddress;
    if (
      remote !== undefined && (endpoint.remotePort !== this.#header.sourcePort || !remote.equals(rx.source))
    ) {
      return false;
    }
    const local = endpoint.localAddress;
    if (local.isUnspecified) {
      if (!coversFamily(endpoint, rx.destination.family)) return false;
    } else if (!local.equals(rx.destination)) {
      // Bound to a unicast address: what is broadcast on that address's interface (lwIP; Linux refuses it).
      if (!rx.isBroadcast || this.#output.ip.interfaces.local(local)?.owner.netif !== rx.netif) return false;
    }
    return !rx.isMulticast ||
      endpoint.memberships.accepts(rx.netif, rx.destination, rx.source, endpoint.multicastAll);
  }

  /** Hands one datagram to one endpoint; takes ownership of `p`, which still has its header. */
  #deliver(p: Pbuf, rx: IpRxInfo, endpoint: UdpEndpoint): void {
    const header = this.#header;
    const counters = this.#counters;
    if (header.coverage < header.length && !acceptsCoverage(header.coverage, endpoint.receiveCoverage)) {
      counters.inCoverageErrors++;
      this.#discard(p);
      return;
    }
    if (endpoint.onReceive === undefined) {
      counters.inNoReceiver++;
      this.#discard(p);
      return;
    }
    counters.udpInDatagrams++;
    const payload = stripHeader(p, header.length);
    const info = this.#info ??= new ReusedRxInfo(rx);
    info.source = rx.source;
    info.sourcePort = header.sourcePort;
    info.destination = rx.destination;
    info.destinationPort = header.destinationPort;
    info.netif = rx.netif;
    info.ttl = rx.hopLimit;
    info.tos = rx.tos;
    info.isBroadcast = rx.isBroadcast;
    info.isMulticast = rx.isMulticast;
    this.#output.isInputUnderWay = true;
    endpoint.onReceive(payload, info);
    this.#output.isInputUnderWay = false;
  }
}

/** Whether an endpoint takes a partly covered datagram: `least` 0 stands for full coverage (RFC 3828 §3.3). */
function acceptsCoverage(coverage: number, least: number): boolean {
  return least !== 0 && coverage >= least;
}

/** Cuts off what lies behind `length`, and the header; the payload may be empty. */
function stripHeader(p: Pbuf, length: number): Pbuf {
  if (p.next === undefined) {
    p.end = p.start + length;
    p.start += UDP_HEADER_LENGTH;
    return p;
  }
  if (length === UDP_HEADER_LENGTH) {
    shrink(p, 0);
    return p;
  }
  shrink(p, length);
  return consumeAcross(p, UDP_HEADER_LENGTH) ?? p;
}
