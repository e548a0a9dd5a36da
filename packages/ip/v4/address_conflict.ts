/** {@linkcode AddressClaim}: IPv4 address conflict detection (RFC 5227), for static addresses and for DHCP alike.
 *
 * ```text
 *  start()    0-1 s        3 probes, 1-2 s apart, then 2 s      2 announcements, 2 s apart
 *  IDLE ------------> PROBING -----------------------> (free) ----------------------> ONGOING
 *                        | someone has it, or probes for it       somebody uses it |
 *                        v                                                         v
 *                     CONFLICT <-------------------------------------- defended in the last 10 s
 * ```
 *
 * @module
 */
import { type MacAddress, type Netif, randomBelow, type Timer } from "@lightwire/netif";
import type { IpAddress } from "../address.ts";
import type { IpInterface } from "../ip_interface.ts";
import type { IpLayer } from "../ip_layer.ts";
import { ARP_REQUEST, type ArpPacket } from "./arp_packet.ts";

/** Longest pause before the first probe (RFC 5227 §1.1, as all that follow). */
export const PROBE_WAIT_MS = 1000;
/** Number of probes. */
export const PROBE_NUM = 3;
/** Shortest pause between probes. */
export const PROBE_MIN_MS = 1000;
/** Longest pause between probes. */
export const PROBE_MAX_MS = 2000;
/** Pause after the last probe. */
export const ANNOUNCE_WAIT_MS = 2000;
/** Number of announcements. */
export const ANNOUNCE_NUM = 2;
/** Pause between announcements. */
export const ANNOUNCE_INTERVAL_MS = 2000;
/** Conflicts of an interface after which new attempts are slowed down. */
export const MAX_CONFLICTS = 10;
/** Pause before an attempt then. */
export const RATE_LIMIT_INTERVAL_MS = 60_000;
/** Shortest time between two defences of an address. */
export const DEFEND_INTERVAL_MS = 10_000;

/** Where a claim stands. */
export type AddressClaimState = "IDLE" | "PROBING" | "ANNOUNCING" | "ONGOING" | "CONFLICT" | "CLOSED";

/** What to do when somebody else uses an address that is ours already (RFC 5227 §2.4).
 *
 * - "abandon": give it up at once (a).
 * - "defend": tell once that it is ours, and give it up at a second conflict within 10 s (b).
 * - "keep": tell once in 10 s, and never give it up (c); for hosts whose address is well known.
 */
export type ConflictPolicy = "abandon" | "defend" | "keep";

/** Who hears of an {@linkcode AddressClaim}. */
export interface AddressClaimEvents {
  /** Nobody else has the address: it may be used. Called once, after probing. */
  free?(): void;
  /** Somebody else has the address, whose station address is `by`. `isLost`: it must not be used (any more). */
  conflict?(by: MacAddress, isLost: boolean): void;
}

/** The claim of one address on one interface. */
export class AddressClaim {
  /** The interface. */
  readonly netif: Netif;
  /** The address. */
  readonly address: IpAddress;
  /** Where it stands. */
  state: AddressClaimState = "IDLE";
  /** What to do about conflicts once the address is in use. */
  policy: ConflictPolicy;
  /** Conflicts seen. */
  conflicts = 0;
  readonly #claims: AddressClaims;
  readonly #ip: IpLayer;
  readonly #events: AddressClaimEvents;
  readonly #timer: Timer;
  #count = 0;
  #defendedAt = -Infinity;

  /** Use {@linkcode AddressClaims.claim}. */
  constructor(
    claims: AddressClaims,
    ip: IpLayer,
    netif: Netif,
    address: IpAddress,
    policy: ConflictPolicy,
    events: AddressClaimEvents,
  ) {
    this.#claims = claims;
    this.#ip = ip;
    this.netif = netif;
    this.address = address;
    this.policy = policy;
    this.#events = events;
    this.#timer = ip.host.timers.create(() => this.#expires());
  }

  /** Begins to probe (RFC 5227 §2.1.1); begins anew if it was probing. */
  probe(): void {
    this.state = "PROBING";
    this.#count = 0;
    if (this.#ip.interfaces.of(this.netif)?.hasNeighbors !== true) {
      this.#count = PROBE_NUM;
      this.#timer.start(0);
      return;
    }
    const isSlow = this.#claims.conflictsOf(this.netif) >= MAX_CONFLICTS;
    this.#timer.start((isSlow ? RATE_LIMIT_INTERVAL_MS : 0) + this.#between(0, PROBE_WAIT_MS));
  }

  /** Announces the address (RFC 5227 §2.3), and defends it from now on. It may be used at once. */
  announce(): void {
    this.state = "ANNOUNCING";
    this.#count = 0;
    this.#expires();
  }

  /** Watches and defends without announcing. */
  watch(): void {
    this.#timer.stop();
    this.state = "ONGOING";
  }

  /** Ends the claim. Harmless when repeated. */
  close(): void {
    this.#timer.stop();
    this.state = "CLOSED";
    this.#claims.remove(this);
  }

  /** Looks at an ARP packet of this interface which another station sent. */
  observe(packet: ArpPacket): void {
    const bits = this.address.w3;
    const isUsed = packet.senderProtocol === bits;
    switch (this.state) {
      case "PROBING": {
        const isProbed = packet.operation === ARP_REQUEST && packet.senderProtocol === 0 &&
          packet.targetProtocol === bits;
        if (isUsed || isProbed) this.#lose(packet.senderHardware);
        break;
      }
      case "ANNOUNCING":
      case "ONGOING":
        if (isUsed) this.#conflict(packet.senderHardware);
        break;
      default:
        break;
    }
  }

  #expires(): void {
    if (this.state === "PROBING") this.#probeNext();
    else if (this.state === "ANNOUNCING") this.#announceNext();
    this.#ip.flush();
  }

  #probeNext(): void {
    if (this.#count < PROBE_NUM) {
      this.#count++;
      this.#ip.arp.request(this.netif, 0, this.address.w3);
      const isLast = this.#count === PROBE_NUM;
      this.#timer.start(isLast ? ANNOUNCE_WAIT_MS : this.#between(PROBE_MIN_MS, PROBE_MAX_MS));
      return;
    }
    this.state = "IDLE";
    this.#claims.forgetConflicts(this.netif);
    this.#events.free?.();
  }

  #announceNext(): void {
    this.#count++;
    this.#ip.arp.announce(this.netif, this.address.w3);
    if (this.#count < ANNOUNCE_NUM) this.#timer.start(ANNOUNCE_INTERVAL_MS);
    else this.state = "ONGOING";
  }

  #conflict(by: MacAddress): void {
    this.conflicts++;
    this.#ip.arp.counters.inConflicts++;
    const now = this.#ip.host.clock.now();
    const wasDefended = now - this.#defendedAt < DEFEND_INTERVAL_MS;
    if (this.policy === "abandon" || (this.policy === "defend" && wasDefended)) return this.#lose(by);
    if (!wasDefended) {
      this.#defendedAt = now;
      this.#ip.arp.announce(this.netif, this.address.w3);
    }
    this.#events.conflict?.(by, false);
  }

  #lose(by: MacAddress): void {
    if (this.state === "PROBING") this.#ip.arp.counters.inConflicts++;
    this.state = "CONFLICT";
    this.#timer.stop();
    this.#claims.noteConflict(this.netif);
    this.#events.conflict?.(by, true);
  }

  #between(least: number, most: number): number {
    return least + randomBelow(this.#ip.host.random, most - least);
  }
}

/** All claims of a stack. */
export class AddressClaims {
  readonly #ip: IpLayer;
  readonly #claims: AddressClaim[] = [];
  readonly #conflicts = new Map<Netif, number>();

  /** No claims yet.
   *
   * @param ip whose part this is.
   */
  constructor(ip: IpLayer) {
    this.#ip = ip;
  }

  /** Makes a claim, which does nothing until it is told to. */
  claim(netif: Netif, address: IpAddress, policy: ConflictPolicy, events: AddressClaimEvents): AddressClaim {
    const claim = new AddressClaim(this, this.#ip, netif, address, policy, events);
    this.#claims.push(claim);
    return claim;
  }

  /** Finds out whether somebody else has an address; see {@linkcode IpLayer.probeConflict}. */
  probe(
    netif: Netif,
    address: IpAddress,
    callback: (result: "free" | "conflict", by: MacAddress | undefined) => void,
  ): { cancel(): void } {
    const claim = this.claim(netif, address, "abandon", {
      free: () => {
        claim.close();
        callback("free", undefined);
      },
      conflict: (by) => {
        claim.close();
        callback("conflict", by);
      },
    });
    claim.probe();
    return { cancel: () => claim.close() };
  }

  /** Shows every ARP packet to the claims of its interface; see {@linkcode Arp}. */
  observe(iface: IpInterface, packet: ArpPacket): void {
    for (const other of this.#ip.interfaces) if (other.netif.macAddress === packet.senderHardware) return;
    for (const claim of [...this.#claims]) if (claim.netif === iface.netif) claim.observe(packet);
  }

  /** An interface came up: probing begins anew (RFC 5227 §2.1), used addresses are announced. */
  netifUp(netif: Netif): void {
    for (const claim of [...this.#claims]) {
      if (claim.netif !== netif) continue;
      if (claim.state === "PROBING") claim.probe();
      else if (claim.state === "ONGOING" || claim.state === "ANNOUNCING") claim.announce();
    }
  }

  /** Conflicts of an interface since the last success. */
  conflictsOf(netif: Netif): number {
    return this.#conflicts.get(netif) ?? 0;
  }

  /** Counts a conflict. Internal. */
  noteConflict(netif: Netif): void {
    this.#conflicts.set(netif, this.conflictsOf(netif) + 1);
  }

  /** An address was found free. Internal. */
  forgetConflicts(netif: Netif): void {
    this.#conflicts.delete(netif);
  }

  /** Takes a claim out. Internal. */
  remove(claim: AddressClaim): void {
    const at = this.#claims.indexOf(claim);
    if (at >= 0) this.#claims.splice(at, 1);
  }

  /** Ends all claims of an interface that goes away. */
  clear(netif: Netif): void {
    for (const claim of [...this.#claims]) if (claim.netif === netif) claim.close();
    this.#conflicts.delete(netif);
  }
}
