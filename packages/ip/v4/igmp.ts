/** {@linkcode Igmp}: the host side of IGMP, versions 3, 2 and 1.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import type { Netif } from "@lightwire/netif";
import { type IpAddress, ipv4 } from "../address.ts";
import type { IpLayer } from "../ip_layer.ts";
import { IpTx } from "../ip_tx.ts";
import {
  type GroupRecord,
  MembershipReporter,
  type MembershipReporterOptions,
  type MembershipWire,
} from "../membership_reporter.ts";
import type { SourceFilter } from "../multicast_membership.ts";
import type { IpDisposition, IpProtocolHandler, IpRxInfo } from "../protocol.ts";
import { IP_PROTOCOL_IGMP } from "../protocol_number.ts";
import {
  emitIgmpV2Message,
  emitIgmpV3Report,
  groupRecordLength,
  IGMP_LEAVE,
  IGMP_V1_REPORT,
  IGMP_V2_REPORT,
  parseIgmpMessage,
} from "./igmp_message.ts";
import { groupMacIpv4 } from "./ipv4_path.ts";
import { ROUTER_ALERT_OPTION } from "./ipv4_options.ts";

/** 224.0.0.1: every host that understands multicast (RFC 1112 §4). */
export const ALL_SYSTEMS: IpAddress = ipv4(0xe0000001);
/** 224.0.0.2: every router. */
export const ALL_ROUTERS: IpAddress = ipv4(0xe0000002);
/** 224.0.0.22: every router that speaks version 3 (RFC 3376 §4.2.14). */
export const ALL_IGMP_V3_ROUTERS: IpAddress = ipv4(0xe0000016);

/** Bytes of IP header with router alert and of the report's header. */
const REPORT_OVERHEAD = 24 + 8;

/** Counters of {@linkcode Igmp}. */
export interface IgmpCounters {
  /** Messages that arrived. */
  inMsgs: number;
  /** Messages that could not be read. */
  inErrors: number;
  /** Queries of version 1. */
  inV1Queries: number;
  /** Queries about all groups, versions 2 and 3. */
  inGeneralQueries: number;
  /** Queries about one group. */
  inGroupQueries: number;
  /** Reports of other hosts. */
  inReports: number;
  /** Reports of version 3 sent. */
  outReports: number;
  /** Reports of versions 1 and 2 sent. */
  outOldReports: number;
  /** Leaves sent. */
  outLeaves: number;
  /** Messages not sent for want of memory or a route. */
  outErrors: number;
}

/** IGMP. */
export class Igmp implements IpProtocolHandler, MembershipWire {
  /** {@inheritDoc IpProtocolHandler.protocol} */
  readonly protocol: number = IP_PROTOCOL_IGMP;
  /** What happened so far. */
  readonly counters: IgmpCounters = {
    inMsgs: 0,
    inErrors: 0,
    inV1Queries: 0,
    inGeneralQueries: 0,
    inGroupQueries: 0,
    inReports: 0,
    outReports: 0,
    outOldReports: 0,
    outLeaves: 0,
    outErrors: 0,
  };
  /** What is due, and in which version. */
  readonly reporter: MembershipReporter;
  readonly #ip: IpLayer;

  /** The IGMP of one IP layer.
   *
   * @param ip whose part this is.
   */
  constructor(ip: IpLayer, options?: MembershipReporterOptions) {
    this.#ip = ip;
    this.reporter = new MembershipReporter(ip.host, ip.multicast, this, options);
  }

  /** What an interface wants of a group has changed: sets its station filter, and reports. */
  groupChanged(netif: Netif, group: IpAddress, before: SourceFilter, after: SourceFilter): void {
    const iface = this.#ip.interfaces.of(netif);
    if (iface === undefined || group.family !== 4) return;
    const was = before.mode === "EXCLUDE" || before.sources.length > 0;
    const is = after.mode === "EXCLUDE" || after.sources.length > 0;
    if (iface.hasNeighbors && is && !was) netif.joinMulticastFilter(groupMacIpv4(group.w3));
    if (iface.hasNeighbors && was && !is) netif.leaveMulticastFilter(groupMacIpv4(group.w3));
    if (!iface.isLoopback) this.reporter.filterChanged(netif, group, before, after);
  }

  /** {@inheritDoc IpProtocolHandler.ipInput} */
  ipInput(p: Pbuf, rx: IpRxInfo): IpDisposition {
    const { counters } = this;
    counters.inMsgs++;
    const message = parseIgmpMessage(p);
    p.release();
    if (typeof message === "string") {
      counters.inErrors++;
    } else if (message.type === "report") {
      counters.inReports++;
      this.reporter.reportArrives(rx.netif, message.group);
    } else if (message.type === "query") {
      const { query } = message;
      // RFC 3376 §9.1 leaves it to us; a general query to anything but all systems is not genuine.
      if (query.group === undefined && !rx.destination.equals(ALL_SYSTEMS)) return "delivered";
      if (query.version === 1) counters.inV1Queries++;
      else if (query.group === undefined) counters.inGeneralQueries++;
      else counters.inGroupQueries++;
      this.reporter.queryArrives(rx.netif, query);
    }
    return "delivered";
  }

  /** {@inheritDoc IpProtocolHandler.ipError} */
  ipError(): void {}

  /** {@inheritDoc IpProtocolHandler.inputBatchEnd} */
  inputBatchEnd(): void {}

  /** {@inheritDoc IpProtocolHandler.addressChanged} */
  addressChanged(): void {}

  /** {@inheritDoc MembershipWire.isUnreported} */
  isUnreported(group: IpAddress): boolean {
    return group.family !== 4 || group.w3 === ALL_SYSTEMS.w3;
  }

  /** {@inheritDoc MembershipWire.sendReport} */
  sendReport(netif: Netif, records: readonly GroupRecord[]): void {
    const room = netif.mtu - REPORT_OVERHEAD;
    let batch: GroupRecord[] = [];
    let length = 0;
    for (const record of records) {
      const fitting = truncated(record, room);
      const recordLength = groupRecordLength(fitting);
      if (length + recordLength > room) {
        this.#sendBatch(netif, batch, length);
        batch = [];
        length = 0;
      }
      batch.push(fitting);
      length += recordLength;
    }
    this.#sendBatch(netif, batch, length);
  }

  /** {@inheritDoc MembershipWire.sendOldReport} */
  sendOldReport(netif: Netif, group: IpAddress, version: 1 | 2): void {
    this.counters.outOldReports++;
    this.#sendOld(netif, version === 1 ? IGMP_V1_REPORT : IGMP_V2_REPORT, group, group);
  }

  /** {@inheritDoc MembershipWire.sendLeave} */
  sendLeave(netif: Netif, group: IpAddress): void {
    this.counters.outLeaves++;
    this.#sendOld(netif, IGMP_LEAVE, group, ALL_ROUTERS);
  }

  #sendBatch(netif: Netif, records: readonly GroupRecord[], length: number): void {
    const p = this.#ip.host.pool.acquire(8 + length);
    if (p === undefined) {
      this.counters.outErrors++;
      return;
    }
    emitIgmpV3Report(p, records);
    this.counters.outReports++;
    this.#send(netif, p, ALL_IGMP_V3_ROUTERS);
  }

  #sendOld(netif: Netif, type: number, group: IpAddress, destination: IpAddress): void {
    const p = this.#ip.host.pool.acquire(8);
    if (p === undefined) {
      this.counters.outErrors++;
      return;
    }
    emitIgmpV2Message(p, type, group);
    this.#send(netif, p, destination);
  }

  /** TTL 1, precedence of internetwork control, router alert (RFC 3376 §4). */
  #send(netif: Netif, p: Pbuf, destination: IpAddress): void {
    const tx = new IpTx();
    const iface = this.#ip.interfaces.of(netif);
    if (iface !== undefined) tx.source = this.#ip.sourceOn(iface, destination);
    tx.destination = destination;
    tx.protocol = IP_PROTOCOL_IGMP;
    tx.hopLimit = 1;
    tx.tos = 0xc0;
    tx.options = ROUTER_ALERT_OPTION;
    tx.boundNetif = netif;
    tx.multicastLoop = false;
    tx.allowUnspecifiedSource = true;
    if (!this.#ip.output(p, tx)) this.counters.outErrors++;
    this.#ip.flush();
  }
}

/** A record that fits into one report: of an exclude list the rest is left out, which lets more through than wanted
 * (RFC 3376 §4.2.16). */
function truncated(record: GroupRecord, room: number): GroupRecord {
  const most = (room - 8) >> 2;
  if (record.sources.length <= most) return record;
  return { type: record.type, group: record.group, sources: record.sources.slice(0, most) };
}
