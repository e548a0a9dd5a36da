/** {@linkcode Ipv6cp}: the IPv6 Control Protocol (RFC 5072). Each side tells the interface identifier of its link-local
 * address; global addresses come later, by router advertisements.
 *
 * Header compression (option 2) is rejected.
 *
 * @module
 */
import type { Random, TimerQueue } from "@lightwire/netif";
import { type IpAddress, ipv6, IPV6_ANY } from "@lightwire/ip/address";
import {
  ControlProtocol,
  type ControlProtocolOptions,
  type CpEnd,
  type OptionNegotiation,
} from "./control_protocol.ts";
import { type CpOption, equalBytes } from "./cp_packet.ts";

/** Types of the options spoken here (RFC 5072 §4). */
export const IPV6CP_OPTION = { INTERFACE_IDENTIFIER: 1 } as const;

/** Octets of an interface identifier. */
export const INTERFACE_IDENTIFIER_BYTES = 8;

/** What we want of IPV6CP. */
export interface Ipv6cpOptions extends ControlProtocolOptions {
  /** Our interface identifier, 8 octets, not all zero; a random one by default. If the peer has the same one, another
   * is taken. */
  readonly interfaceIdentifier?: Uint8Array;
}

/** What IPV6CP agreed on. */
export interface Ipv6cpResult {
  /** Our interface identifier, 8 octets. */
  readonly localIdentifier: Uint8Array;
  /** The peer's, 8 octets; all zero if it would not tell one. */
  readonly peerIdentifier: Uint8Array;
  /** Our link-local address; unique on the link without duplicate address detection (RFC 5072 §5). */
  readonly localAddress: IpAddress;
  /** The peer's link-local address; :: if it would not tell one. */
  readonly peerAddress: IpAddress;
}

/** What {@linkcode Ipv6cp} tells its owner. */
export interface Ipv6cpOwner {
  /** Sends an IPV6CP packet. */
  ipv6cpSend(packet: Uint8Array): void;
  /** Both sides have an identifier. */
  ipv6cpUp(result: Ipv6cpResult): void;
  /** Not any more. */
  ipv6cpDown(): void;
  /** IPV6CP is at its end. */
  ipv6cpFinished(end: CpEnd): void;
}

const UNKNOWN: Uint8Array = new Uint8Array(INTERFACE_IDENTIFIER_BYTES);

function isZero(identifier: Uint8Array): boolean {
  return identifier.every((octet) => octet === 0);
}

/** fe80:: and the identifier (RFC 5072 §5). */
function linkLocal(identifier: Uint8Array): IpAddress {
  const view = new DataView(identifier.buffer, identifier.byteOffset, identifier.byteLength);
  return ipv6(0xfe800000, 0, view.getUint32(0), view.getUint32(4));
}

/** The rules of RFC 5072 §4.1. */
class Ipv6cpNegotiation implements OptionNegotiation {
  local: Uint8Array = UNKNOWN;
  peer: Uint8Array = UNKNOWN;
  readonly #random: Random;
  readonly #wanted: Uint8Array | undefined;
  #isRefused = false;
  #suggestion: Uint8Array = UNKNOWN;

  constructor(random: Random, wanted: Uint8Array | undefined) {
    this.#random = random;
    this.#wanted = wanted?.slice();
  }

  begin(): void {
    this.local = this.#wanted ?? this.#fresh();
    this.peer = UNKNOWN;
    this.#suggestion = UNKNOWN;
    this.#isRefused = false;
  }

  request(): CpOption[] {
    return this.#isRefused ? [] : [{ type: IPV6CP_OPTION.INTERFACE_IDENTIFIER, data: this.local }];
  }

  judge(option: CpOption): "ack" | "reject" | CpOption {
    if (option.type !== IPV6CP_OPTION.INTERFACE_IDENTIFIER) return "reject";
    if (option.data.length !== INTERFACE_IDENTIFIER_BYTES) return "reject";
    if (!isZero(option.data) && !equalBytes(option.data, this.local)) return "ack";
    return this.#suggest();
  }

  insistsOn(): boolean {
    return false;
  }

  missing(options: readonly CpOption[]): CpOption[] {
    const isTold = options.some((option) => option.type === IPV6CP_OPTION.INTERFACE_IDENTIFIER);
    return isTold ? [] : [this.#suggest()];
  }

  accept(options: readonly CpOption[]): void {
    const option = options.find((o) => o.type === IPV6CP_OPTION.INTERFACE_IDENTIFIER);
    this.peer = option === undefined ? UNKNOWN : option.data;
  }

  acknowledged(): void {}

  /** The peer's suggestion, but for one that we have suggested to it: that would collide again. */
  suggested(option: CpOption): void {
    const { data } = option;
    if (option.type !== IPV6CP_OPTION.INTERFACE_IDENTIFIER || data.length !== INTERFACE_IDENTIFIER_BYTES) {
      return;
    }
    const isFree = !isZero(data) && !equalBytes(data, this.#suggestion) && !equalBytes(data, this.peer);
    this.local = isFree ? data : this.#fresh();
  }

  /** The peer negotiates no identifiers: ours is used all the same. */
  refused(option: CpOption): void {
    if (option.type === IPV6CP_OPTION.INTERFACE_IDENTIFIER) this.#isRefused = true;
  }

  #suggest(): CpOption {
    this.#suggestion = this.#fresh();
    return { type: IPV6CP_OPTION.INTERFACE_IDENTIFIER, data: this.#suggestion };
  }

  /** Random, not zero, not ours, and with the bit that says "not globally unique". */
  #fresh(): Uint8Array {
    const identifier = new Uint8Array(INTERFACE_IDENTIFIER_BYTES);
    const view = new DataView(identifier.buffer);
    do {
      view.setUint32(0, (this.#random.uint32() & 0xfdffffff) >>> 0);
      view.setUint32(4, this.#random.uint32());
    } while (isZero(identifier) || equalBytes(identifier, this.local));
    return identifier;
  }
}

/** IPV6CP of one link. */
export class Ipv6cp {
  /** The protocol below the options. */
  readonly protocol: ControlProtocol;

  /** Makes IPV6CP in state Initial.
   *
   * @throws {RangeError} if the interface identifier is not of 8 octets, or all zero.
   */
  constructor(timers: TimerQueue, random: Random, owner: Ipv6cpOwner, options: Ipv6cpOptions = {}) {
    const wanted = options.interfaceIdentifier;
    if (wanted !== undefined && (wanted.length !== INTERFACE_IDENTIFIER_BYTES || isZero(wanted))) {
      throw new RangeError(
        "Cannot use this interface identifier: it has to be 8 octets, not all of them zero",
      );
    }
    const negotiation = new Ipv6cpNegotiation(random, wanted);
    this.protocol = new ControlProtocol(timers, negotiation, {
      send: (packet) => owner.ipv6cpSend(packet),
      up: () => {
        const { local, peer } = negotiation;
        owner.ipv6cpUp({
          localIdentifier: local,
          peerIdentifier: peer,
          localAddress: linkLocal(local),
          peerAddress: isZero(peer) ? IPV6_ANY : linkLocal(peer),
        });
      },
      down: () => owner.ipv6cpDown(),
      finished: (end) => owner.ipv6cpFinished(end),
      otherCode: () => false,
    }, options);
  }
}
