/** {@linkcode Relay}: a bad network between two wires, for stacks that know nothing of it.
 *
 * Everything that runs TCP over IPv4 meets the faults; all else (ARP) passes unharmed, so that the n-th TCP packet of a direction
 * always meets the n-th roll of the dice: the same seed decides alike for every pair of stacks, by packet count.
 *
 * @module
 */
import {
  deriveRandom,
  type FaultCounters,
  FaultLink,
  type LinkCapabilities,
  type LinkDriver,
  type LinkFaults,
  type LinkSink,
  type MacAddress,
  type Random,
  type TimerQueue,
} from "@lightwire/netif";
import type { Pbuf } from "@lightwire/pbuf";

/** What is wrong with the network, alike in both directions. */
export interface RelayFaults extends Omit<LinkFaults, "rule"> {
  /** The same seed gives the same faults. */
  readonly seed: number;
  /** Share of the ECN-capable packets that a router marks "congestion experienced" (RFC 3168 §5). Default 0. */
  readonly ceRate?: number;
  /** Which TCP packets from the first wire to the second are lost as well, counted from 1. */
  readonly dropThere?: readonly number[];
}

/** What happened since the faults were set; "there" is from the first wire to the second. */
export interface RelayCounters {
  /** From the first wire to the second. */
  readonly there: Readonly<FaultCounters>;
  /** From the second wire to the first. */
  readonly back: Readonly<FaultCounters>;
  /** Packets marked, both directions. */
  readonly marked: number;
}

const ETHERTYPE_OFFSET = 12;
const IPV4_OFFSET = 14;
const IPV4_CHECKSUM_OFFSET = IPV4_OFFSET + 10;
const IPV4_PROTOCOL_OFFSET = IPV4_OFFSET + 9;
const PROTOCOL_TCP = 6;
const UNHARMED = { deliverAfterMs: 0 } as const;

/** Whether a frame carries TCP over IPv4. */
function isTcp(p: Pbuf): boolean {
  return p.length > IPV4_OFFSET + 20 && p.view.getUint16(p.start + ETHERTYPE_OFFSET) === 0x0800 &&
    p.view.getUint8(p.start + IPV4_PROTOCOL_OFFSET) === PROTOCOL_TCP;
}

/** Marks an ECN-capable packet (RFC 3168 §5), and mends the header's checksum (RFC 1624 §3). @returns whether it could. */
function markCongestion(p: Pbuf): boolean {
  const at = p.start + IPV4_OFFSET;
  const before = p.view.getUint16(at);
  if ((before & 3) === 0 || (before & 3) === 3) return false;
  const after = before | 3;
  let sum = (~p.view.getUint16(p.start + IPV4_CHECKSUM_OFFSET) & 0xffff) + (~before & 0xffff) + after;
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = (sum & 0xffff) + (sum >>> 16);
  p.view.setUint16(at, after);
  p.view.setUint16(p.start + IPV4_CHECKSUM_OFFSET, ~sum & 0xffff);
  return true;
}

/** The first wire as its {@linkcode FaultLink} sees it: links come and go with the faults, the wire stays. */
class Port implements LinkDriver {
  readonly medium: "ethernet" | "ip";
  readonly mtu: number;
  readonly maxHeaderLength: number;
  readonly macAddress: MacAddress | undefined;
  readonly capabilities: LinkCapabilities;
  sink: LinkSink | undefined = undefined;
  readonly #wire: LinkDriver;

  constructor(wire: LinkDriver) {
    this.#wire = wire;
    this.medium = wire.medium;
    this.mtu = wire.mtu;
    this.maxHeaderLength = wire.maxHeaderLength;
    this.macAddress = wire.macAddress;
    this.capabilities = wire.capabilities;
  }

  attach(sink: LinkSink): void {
    this.sink = sink;
  }

  transmit(p: Pbuf): boolean {
    return this.#wire.transmit(p);
  }

  flush(): void {
    this.#wire.flush();
  }

  close(): void {}
}

/** Passes frames between two wires, through faults. */
export class Relay {
  readonly #a: LinkDriver;
  readonly #b: LinkDriver;
  readonly #timers: TimerQueue;
  readonly #port: Port;
  #link: FaultLink;
  #ceRate = 0;
  #ceThere: Random;
  #ceBack: Random;
  #marked = 0;
  /** Frames that a wire had no room for. */
  overflowed: number = 0;

  /** Connects two wires; nothing is wrong until {@linkcode setFaults}. Both draw from one pool. */
  constructor(a: LinkDriver, b: LinkDriver, timers: TimerQueue) {
    this.#a = a;
    this.#b = b;
    this.#timers = timers;
    this.#port = new Port(a);
    this.#ceThere = this.#ceBack = deriveRandom(0, "ce");
    this.#link = this.#newLink({ seed: 0 });
    a.attach({
      linkInput: (p) => this.#port.sink!.linkInput(this.#mark(p, this.#ceThere)),
      inputBatchEnd: () => this.#port.sink!.inputBatchEnd(),
      linkStateChanged: () => {},
      linkWritable: () => this.#port.sink!.linkWritable(),
    });
    b.attach({
      linkInput: (p) => {
        if (this.#link.transmit(this.#mark(p, this.#ceBack))) return;
        this.overflowed++;
        p.release();
      },
      inputBatchEnd: () => this.#link.flush(),
      linkStateChanged: () => {},
      linkWritable: () => {},
    });
  }

  /** What happened since the faults were set. */
  get counters(): RelayCounters {
    return { there: { ...this.#link.inbound }, back: { ...this.#link.outbound }, marked: this.#marked };
  }

  /** Begins anew: frames under way are lost, the dice start at the beginning.
   *
   * @throws {RangeError} if the faults make no sense.
   */
  setFaults(faults: RelayFaults): void {
    const link = this.#newLink(faults);
    this.#link.close();
    this.#link = link;
  }

  /** Releases what is under way; the wires stay the caller's. */
  close(): void {
    this.#link.close();
  }

  #newLink(faults: RelayFaults): FaultLink {
    const { seed, ceRate = 0, dropThere = [], ...rest } = faults;
    const both: LinkFaults = { ...rest, rule: (p) => isTcp(p) ? "pass" : UNHARMED };
    let count = 0;
    const there: LinkFaults = {
      ...both,
      rule: (p) => !isTcp(p) ? UNHARMED : dropThere.includes(++count) ? "drop" : "pass",
    };
    const link = new FaultLink(this.#port, { timers: this.#timers, seed, inbound: there, outbound: both });
    link.attach({
      linkInput: (p) => {
        if (this.#b.transmit(p)) return;
        this.overflowed++;
        p.release();
      },
      inputBatchEnd: () => this.#b.flush(),
      linkStateChanged: () => {},
      linkWritable: () => {},
    });
    this.#ceRate = ceRate;
    this.#ceThere = deriveRandom(seed, "ce there");
    this.#ceBack = deriveRandom(seed, "ce back");
    this.#marked = 0;
    return link;
  }

  #mark(p: Pbuf, random: Random): Pbuf {
    if (this.#ceRate > 0 && isTcp(p)) {
      const isHit = random.uint32() < this.#ceRate * 2 ** 32;
      if (isHit && markCongestion(p)) this.#marked++;
    }
    return p;
  }
}
