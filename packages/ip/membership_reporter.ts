/** {@linkcode MembershipReporter}: tells routers which groups are listened to, the host side of IGMPv3 and MLDv2
 * (RFC 3376 §5, RFC 3810 §6) with fall-back to their older versions (RFC 3376 §7, RFC 2236 §3). Timers run only while a
 * report is due.
 *
 * @module
 */
import { type Netif, type Random, randomBelow, type Timer, type TimerQueue } from "@lightwire/netif";
import { AddressMap } from "./address_map.ts";
import type { IpAddress } from "./address.ts";
import {
  filterAllows,
  type FilterMode,
  hasAddress,
  type MulticastMembership,
  type SourceFilter,
} from "./multicast_membership.ts";

/** Kinds of group records (RFC 3376 §4.2.12). */
export const GROUP_RECORD = {
  MODE_IS_INCLUDE: 1,
  MODE_IS_EXCLUDE: 2,
  CHANGE_TO_INCLUDE_MODE: 3,
  CHANGE_TO_EXCLUDE_MODE: 4,
  ALLOW_NEW_SOURCES: 5,
  BLOCK_OLD_SOURCES: 6,
} as const;

/** One group record of a report. */
export interface GroupRecord {
  /** One of {@linkcode GROUP_RECORD}. */
  readonly type: number;
  /** The group. */
  readonly group: IpAddress;
  /** The sources it is about. */
  readonly sources: readonly IpAddress[];
}

/** The version a link's querier speaks, in IGMP's numbers: 3 with sources, 2 with leaves, 1 with neither. */
export type QuerierVersion = 1 | 2 | 3;

/** Puts reports on the wire: IGMP or MLD. */
export interface MembershipWire {
  /** Sends the records, in as many packets as they need. */
  sendReport(netif: Netif, records: readonly GroupRecord[]): void;
  /** Sends a report of an older version about one group. */
  sendOldReport(netif: Netif, group: IpAddress, version: 1 | 2): void;
  /** Tells that nobody listens any more, in version 2. */
  sendLeave(netif: Netif, group: IpAddress): void;
  /** Groups that are never reported. */
  isUnreported(group: IpAddress): boolean;
}

/** A query, whatever the protocol. */
export interface MembershipQuery {
  /** Version it is written in. */
  readonly version: QuerierVersion;
  /** The group asked about, `undefined`: all. */
  readonly group: IpAddress | undefined;
  /** The sources asked about, none: all. */
  readonly sources: readonly IpAddress[];
  /** Longest time to an answer, ms. */
  readonly maxResponseMs: number;
  /** The querier's robustness variable, 0 if it does not say (RFC 3376 §4.1.6). */
  readonly robustness: number;
  /** Interval of its queries, ms, 0 if it does not say. */
  readonly queryIntervalMs: number;
}

/** Times and counts; the defaults are those of RFC 3376 §8. */
export interface MembershipReporterOptions {
  /** How often a change is reported in all. Default 2. */
  readonly robustness?: number;
  /** Between the reports of one change, version 3. Default 1000. */
  readonly unsolicitedReportIntervalMs?: number;
  /** Between the reports of a join, versions 1 and 2. Default 10,000. */
  readonly oldUnsolicitedReportIntervalMs?: number;
}

/** Sources of pending queries about one group; beyond it, the answer is about all sources. */
const ASKED_SOURCES_MAX = 1024;

class GroupReport {
  readonly group: IpAddress;
  /** Answer to a query about this group. */
  responseTimer: Timer | undefined = undefined;
  /** Sources that query was about. */
  askedSources: IpAddress[] = [];
  /** How often the change of mode has yet to be reported. */
  modeRepeats = 0;
  /** How often each source's change has yet to be reported. */
  readonly sourceRepeats = new AddressMap<{ readonly address: IpAddress; count: number }>();
  /** How often a join has yet to be reported in an older version. */
  oldRepeats = 0;
  /** We sent the last report about it (RFC 2236 §3). */
  isLastReporter = false;

  constructor(group: IpAddress) {
    this.group = group;
  }
}

class LinkReports {
  readonly groups = new AddressMap<GroupReport>();
  oldQuerierUntil = { v1: -Infinity, v2: -Infinity };
  robustness: number;
  queryIntervalMs = 125_000;
  responseTimer: Timer | undefined = undefined;
  changeTimer: Timer | undefined = undefined;

  constructor(robustness: number) {
    this.robustness = robustness;
  }
}

/** The reports of all links for one protocol. */
export class MembershipReporter {
  readonly #timers: TimerQueue;
  readonly #random: Random;
  readonly #wire: MembershipWire;
  readonly #members: MulticastMembership;
  readonly #options: Required<MembershipReporterOptions>;
  readonly #links = new Map<Netif, LinkReports>();

  /** A reporter that knows of no querier yet.
   *
   * @param members what is listened to. */
  constructor(
    host: { readonly timers: TimerQueue; readonly random: Random },
    members: MulticastMembership,
    wire: MembershipWire,
    options: MembershipReporterOptions = {},
  ) {
    this.#timers = host.timers;
    this.#random = host.random;
    this.#members = members;
    this.#wire = wire;
    this.#options = {
      robustness: options.robustness ?? 2,
      unsolicitedReportIntervalMs: options.unsolicitedReportIntervalMs ?? 1000,
      oldUnsolicitedReportIntervalMs: options.oldUnsolicitedReportIntervalMs ?? 10_000,
    };
  }

  /** The version in use on a link (RFC 3376 §7.2.1). */
  versionOf(netif: Netif): QuerierVersion {
    const link = this.#links.get(netif);
    const now = this.#timers.clock.now();
    if (link === undefined) return 3;
    return now < link.oldQuerierUntil.v1 ? 1 : now < link.oldQuerierUntil.v2 ? 2 : 3;
  }

  /** What an interface wants of a group has changed: reports it now and again later (RFC 3376 §5.1). */
  filterChanged(netif: Netif, group: IpAddress, before: SourceFilter, after: SourceFilter): void {
    if (!netif.isUp || this.#wire.isUnreported(group)) return;
    const link = this.#linkOf(netif);
    const report = this.#reportOf(link, group);
    if (this.versionOf(netif) < 3) return this.#changedOld(netif, link, report, before, after);
    // A change before the last one was repeated often enough is merged with it, and counted anew (RFC 3376 §5.1).
    if (before.mode !== after.mode || report.modeRepeats > 0) {
      report.modeRepeats = link.robustness;
    } else {
      for (const pending of report.sourceRepeats.values()) pending.count = link.robustness;
      for (const source of symmetricDifference(before.sources, after.sources)) {
        report.sourceRepeats.set(source, { address: source, count: link.robustness });
      }
    }
    this.#sendChanges(netif, link);
  }

  /** A query has arrived. */
  queryArrives(netif: Netif, query: MembershipQuery): void {
    const link = this.#linkOf(netif);
    const before = this.versionOf(netif);
    if (query.robustness > 0) link.robustness = query.robustness;
    if (query.queryIntervalMs > 0) link.queryIntervalMs = query.queryIntervalMs;
    const until = this.#timers.clock.now() + link.robustness * link.queryIntervalMs + query.maxResponseMs;
    if (query.version === 1) link.oldQuerierUntil.v1 = until;
    else if (query.version === 2) link.oldQuerierUntil.v2 = until;
    const version = this.versionOf(netif);
    if (version !== before) this.#stopAll(link);
    if (version < 3) this.#queryArrivesOld(netif, link, query);
    else if (query.group === undefined) this.#generalQuery(netif, link, query);
    else this.#groupQuery(netif, link, query.group, query);
  }

  /** Somebody else reported a group: routers know enough (RFC 2236 §3; not in version 3). */
  reportArrives(netif: Netif, group: IpAddress): void {
    const report = this.#links.get(netif)?.groups.get(group);
    if (report === undefined || this.versionOf(netif) === 3) return;
    if (report.responseTimer?.isArmed !== true) return;
    report.responseTimer.stop();
    report.oldRepeats = 0;
    report.isLastReporter = false;
  }

  /** A link came up: everything is reported anew. */
  netifUp(netif: Netif): void {
    for (const group of [...this.#members.groupsOf(netif)]) {
      this.filterChanged(
        netif,
        group,
        { mode: "INCLUDE", sources: [] },
        this.#members.filterOf(netif, group),
      );
    }
  }

  /** A link went down or away: nothing is reported any more, and its querier is forgotten. */
  netifDown(netif: Netif): void {
    const link = this.#links.get(netif);
    if (link === undefined) return;
    this.#stopAll(link);
    this.#links.delete(netif);
  }

  #linkOf(netif: Netif): LinkReports {
    let link = this.#links.get(netif);
    if (link === undefined) this.#links.set(netif, link = new LinkReports(this.#options.robustness));
    return link;
  }

  #reportOf(link: LinkReports, group: IpAddress): GroupReport {
    let report = link.groups.get(group);
    if (report === undefined) link.groups.set(group, report = new GroupReport(group));
    return report;
  }

  // --- Version 3 ---

  #sendChanges(netif: Netif, link: LinkReports): void {
    const records: GroupRecord[] = [];
    let isMore = false;
    for (const report of [...link.groups.values()]) {
      this.#addChange(netif, report, records);
      if (report.modeRepeats > 0 || report.sourceRepeats.size > 0) isMore = true;
      else this.#forgetIfIdle(netif, link, report);
    }
    if (records.length > 0) this.#wire.sendReport(netif, records);
    if (!isMore) return;
    link.changeTimer ??= this.#timers.create(() => this.#sendChanges(netif, link));
    link.changeTimer.start(this.#delay(this.#options.unsolicitedReportIntervalMs));
  }

  /** The records for what has changed about a group, as things stand now (RFC 3376 §5.1: later changes are merged). */
  #addChange(netif: Netif, report: GroupReport, into: GroupRecord[]): void {
    const filter = this.#members.filterOf(netif, report.group);
    const { group } = report;
    if (report.modeRepeats > 0) {
      report.modeRepeats--;
      const type = filter.mode === "INCLUDE"
        ? GROUP_RECORD.CHANGE_TO_INCLUDE_MODE
        : GROUP_RECORD.CHANGE_TO_EXCLUDE_MODE;
      into.push({ type, group, sources: filter.sources });
      report.sourceRepeats.clear();
      return;
    }
    const allowed: IpAddress[] = [];
    const blocked: IpAddress[] = [];
    for (const repeat of [...report.sourceRepeats.values()]) {
      (filterAllows(filter, repeat.address) ? allowed : blocked).push(repeat.address);
      if (--repeat.count === 0) report.sourceRepeats.delete(repeat.address);
    }
    if (allowed.length > 0) into.push({ type: GROUP_RECORD.ALLOW_NEW_SOURCES, group, sources: allowed });
    if (blocked.length > 0) into.push({ type: GROUP_RECORD.BLOCK_OLD_SOURCES, group, sources: blocked });
  }

  /** RFC 3376 §5.2, rules 1 and 2. */
  #generalQuery(netif: Netif, link: LinkReports, query: MembershipQuery): void {
    link.responseTimer ??= this.#timers.create(() => {
      const records: GroupRecord[] = [];
      for (const group of this.#members.groupsOf(netif)) {
        if (this.#wire.isUnreported(group)) continue;
        const filter = this.#members.filterOf(netif, group);
        records.push({ type: currentState(filter.mode), group, sources: filter.sources });
      }
      if (records.length > 0) this.#wire.sendReport(netif, records);
    });
    startEarlier(link.responseTimer, this.#timers.clock.now() + this.#delay(query.maxResponseMs));
  }

  /** RFC 3376 §5.2, rules 1 and 3 to 5. */
  #groupQuery(netif: Netif, link: LinkReports, group: IpAddress, query: MembershipQuery): void {
    if (!this.#members.isMember(netif, group) || this.#wire.isUnreported(group)) return;
    const at = this.#timers.clock.now() + this.#delay(query.maxResponseMs);
    if (link.responseTimer !== undefined && link.responseTimer.deadline <= at) return;
    const report = this.#reportOf(link, group);
    const isPending = report.responseTimer?.isArmed === true;
    if (!isPending) report.askedSources = [...query.sources];
    else if (query.sources.length === 0 || report.askedSources.length === 0) report.askedSources = [];
    else if (report.askedSources.length + query.sources.length > ASKED_SOURCES_MAX) report.askedSources = [];
    else for (const s of query.sources) if (!hasAddress(report.askedSources, s)) report.askedSources.push(s);
    report.responseTimer ??= this.#timers.create(() => this.#respond(netif, link, report));
    startEarlier(report.responseTimer, at);
  }

  #respond(netif: Netif, link: LinkReports, report: GroupReport): void {
    const version = this.versionOf(netif);
    if (version !== 3) return this.#respondOld(netif, link, report, version);
    const { group } = report;
    const asked = report.askedSources;
    report.askedSources = [];
    if (this.#members.isMember(netif, group)) {
      const filter = this.#members.filterOf(netif, group);
      if (asked.length === 0) {
        this.#wire.sendReport(netif, [{ type: currentState(filter.mode), group, sources: filter.sources }]);
      } else {
        const wanted = asked.filter((source) => filterAllows(filter, source));
        const type = GROUP_RECORD.MODE_IS_INCLUDE;
        if (wanted.length > 0) this.#wire.sendReport(netif, [{ type, group, sources: wanted }]);
      }
    }
    this.#forgetIfIdle(netif, link, report);
  }

  // --- Versions 1 and 2 (RFC 2236 §3) ---

  #changedOld(
    netif: Netif,
    link: LinkReports,
    report: GroupReport,
    before: SourceFilter,
    after: SourceFilter,
  ): void {
    const wasMember = before.mode === "EXCLUDE" || before.sources.length > 0;
    const isMember = after.mode === "EXCLUDE" || after.sources.length > 0;
    if (isMember && !wasMember) {
      report.oldRepeats = link.robustness - 1;
      const version = this.versionOf(netif);
      this.#respondOld(netif, link, report, version === 3 ? 2 : version);
    } else if (!isMember) {
      if (report.isLastReporter && this.versionOf(netif) === 2) this.#wire.sendLeave(netif, report.group);
      report.responseTimer?.stop();
      link.groups.delete(report.group);
    }
  }

  #queryArrivesOld(netif: Netif, link: LinkReports, query: MembershipQuery): void {
    for (const group of [...this.#members.groupsOf(netif)]) {
      if (this.#wire.isUnreported(group) || (query.group !== undefined && !query.group.equals(group))) {
        continue;
      }
      const report = this.#reportOf(link, group);
      report.responseTimer ??= this.#timers.create(() => this.#respond(netif, link, report));
      startEarlier(report.responseTimer, this.#timers.clock.now() + this.#delay(query.maxResponseMs));
    }
  }

  #respondOld(netif: Netif, link: LinkReports, report: GroupReport, version: 1 | 2): void {
    if (!this.#members.isMember(netif, report.group)) return;
    this.#wire.sendOldReport(netif, report.group, version);
    report.isLastReporter = true;
    if (report.oldRepeats <= 0) return;
    report.oldRepeats--;
    report.responseTimer ??= this.#timers.create(() => this.#respond(netif, link, report));
    report.responseTimer.start(this.#delay(this.#options.oldUnsolicitedReportIntervalMs));
  }

  #forgetIfIdle(netif: Netif, link: LinkReports, report: GroupReport): void {
    if (this.#members.isMember(netif, report.group) || report.responseTimer?.isArmed === true) return;
    link.groups.delete(report.group);
  }

  #stopAll(link: LinkReports): void {
    link.responseTimer?.stop();
    link.changeTimer?.stop();
    for (const report of link.groups.values()) {
      report.responseTimer?.stop();
      report.askedSources = [];
      report.modeRepeats = 0;
      report.sourceRepeats.clear();
      report.oldRepeats = 0;
    }
  }

  /** A time in (0, max], to the microsecond. */
  #delay(maxMs: number): number {
    return (1 + randomBelow(this.#random, Math.max(1, Math.floor(maxMs * 1000)))) / 1000;
  }
}

function currentState(mode: FilterMode): number {
  return mode === "INCLUDE" ? GROUP_RECORD.MODE_IS_INCLUDE : GROUP_RECORD.MODE_IS_EXCLUDE;
}

function startEarlier(timer: Timer, at: number): void {
  if (at < timer.deadline) timer.startAt(at);
}

function symmetricDifference(a: readonly IpAddress[], b: readonly IpAddress[]): IpAddress[] {
  return [...a.filter((s) => !hasAddress(b, s)), ...b.filter((s) => !hasAddress(a, s))];
}
