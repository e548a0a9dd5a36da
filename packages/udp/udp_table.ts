/** Data plane. {@linkcode UdpTable}: who gets a datagram, by numbers alone.
 *
 * Connected endpoints are found in a hash table over (local port, remote port, remote address) in O(1); the others
 * in the list of their port. The links of both live in the endpoints, so that a lookup allocates nothing.
 *
 * @module
 */
import type { Netif, Random } from "@lightwire/netif";
import type { IpAddress } from "@lightwire/ip";

/** What decides which datagrams an endpoint gets: base class of `UdpEndpoint`. */
export class UdpBinding {
  /** Address it is bound to; unspecified: any address of that family (`::` of both, unless {@linkcode ipv6Only}). */
  localAddress: IpAddress;
  /** Port it is bound to. */
  localPort: number;
  /** The one peer it talks with, or `undefined` when not connected. */
  remoteAddress: IpAddress | undefined;
  /** The peer's port, 0 when not connected. */
  remotePort: number;
  /** The only interface it uses, or `undefined` for all. */
  boundNetif: Netif | undefined;
  /** Others with the same mark may bind the same address and port (SO_REUSEADDR). */
  reuseAddress: boolean;
  /** Bound to `::`: IPv4 is not taken (IPV6_V6ONLY). */
  ipv6Only: boolean;
  /** Next in the list of the port. Internal to the table, as are the following. */
  portNext: UdpBinding | undefined;
  /** Previous in the list of the port. */
  portPrevious: UdpBinding | undefined;
  /** Next in the hash bucket. */
  hashNext: UdpBinding | undefined;

  /** Not connected, on all interfaces.
   *
   * @param localPort 1 … 65535.
   */
  constructor(localAddress: IpAddress, localPort: number) {
    this.localAddress = localAddress;
    this.localPort = localPort;
    this.remoteAddress = undefined;
    this.remotePort = 0;
    this.boundNetif = undefined;
    this.reuseAddress = false;
    this.ipv6Only = false;
    this.portNext = undefined;
    this.portPrevious = undefined;
    this.hashNext = undefined;
  }
}

/** The endpoints of one port. */
class UdpPort {
  connected: UdpBinding | undefined;
  unconnected: UdpBinding | undefined;
  count: number;
  /** How many of them do not share. */
  exclusiveCount: number;

  constructor() {
    this.connected = undefined;
    this.unconnected = undefined;
    this.count = 0;
    this.exclusiveCount = 0;
  }
}

const FIRST_BUCKETS = 64;

/** All endpoints of one protocol. */
export class UdpTable<T extends UdpBinding> {
  readonly #ports: Map<number, UdpPort>;
  readonly #seed: number;
  #buckets: (UdpBinding | undefined)[];
  #connectedCount: number;
  #size: number;

  /** An empty table.
   *
   * @param random seeds the hash, so that a peer cannot choose ports which collide.
   */
  constructor(random: Random) {
    this.#ports = new Map();
    this.#seed = random.uint32();
    this.#buckets = new Array<UdpBinding | undefined>(FIRST_BUCKETS).fill(undefined);
    this.#connectedCount = 0;
    this.#size = 0;
  }

  /** Number of endpoints. */
  get size(): number {
    return this.#size;
  }

  /** Whether nobody is bound to `port`, with any address. */
  isPortFree(port: number): boolean {
    return !this.#ports.has(port);
  }

  /** Whether `binding` may join: no other one of its port overlaps in address and interface, or all share. */
  canAdd(binding: T): boolean {
    const port = this.#ports.get(binding.localPort);
    if (port === undefined) return true;
    if (binding.reuseAddress && port.exclusiveCount === 0) return true;
    return !overlapsList(port.unconnected, binding) && !overlapsList(port.connected, binding);
  }

  /** Enters an endpoint; {@linkcode canAdd} was asked before. Its fields may change only between remove and add. */
  add(binding: T): void {
    let port = this.#ports.get(binding.localPort);
    if (port === undefined) {
      port = new UdpPort();
      this.#ports.set(binding.localPort, port);
    }
    port.count++;
    if (!binding.reuseAddress) port.exclusiveCount++;
    this.#size++;
    // In front: among equals, the one bound last gets what comes (as Linux and BSD do).
    binding.portPrevious = undefined;
    if (binding.remoteAddress === undefined) {
      binding.portNext = port.unconnected;
      port.unconnected = binding;
    } else {
      binding.portNext = port.connected;
      port.connected = binding;
      this.#hashIn(binding);
    }
    if (binding.portNext !== undefined) binding.portNext.portPrevious = binding;
  }

  /** Takes an endpoint out; it must be in. */
  remove(binding: T): void {
    const port = this.#ports.get(binding.localPort);
    if (port === undefined) return;
    this.#size--;
    if (!binding.reuseAddress) port.exclusiveCount--;
    if (--port.count === 0) this.#ports.delete(binding.localPort);
    if (binding.portPrevious !== undefined) binding.portPrevious.portNext = binding.portNext;
    else if (binding.remoteAddress === undefined) port.unconnected = binding.portNext;
    else port.connected = binding.portNext;
    if (binding.portNext !== undefined) binding.portNext.portPrevious = binding.portPrevious;
    binding.portNext = undefined;
    binding.portPrevious = undefined;
    if (binding.remoteAddress !== undefined) this.#hashOut(binding);
  }

  /** Who gets a unicast datagram: a connected endpoint before one that is not; among those a bound address counts
   * more than a bound interface, and that more than neither; among equals the latest.
   *
   * @param netif where it came in; `undefined`: unknown, bound interfaces are not compared.
   * @returns `undefined` when nobody wants it.
   */
  lookup(
    localAddress: IpAddress,
    localPort: number,
    remoteAddress: IpAddress,
    remotePort: number,
    netif: Netif | undefined,
  ): T | undefined {
    const port = this.#ports.get(localPort);
    if (port === undefined) return undefined;
    if (port.connected !== undefined) {
      const hash = this.#hash(localPort, remotePort, remoteAddress);
      for (let b = this.#buckets[hash & (this.#buckets.length - 1)]; b !== undefined; b = b.hashNext) {
        if (
          b.localPort === localPort && b.remotePort === remotePort &&
          b.remoteAddress!.equals(remoteAddress) &&
          score(b, localAddress, netif) >= 0
        ) return b as T;
      }
    }
    let best: UdpBinding | undefined = undefined;
    let bestScore = -1;
    for (let b = port.unconnected; b !== undefined; b = b.portNext) {
      const s = score(b, localAddress, netif);
      if (s > bestScore) {
        best = b;
        bestScore = s;
      }
    }
    return best as T | undefined;
  }

  /** The endpoints of one port, connected ones first, appended to `into`: candidates for broadcast and multicast. */
  collect(localPort: number, into: T[]): void {
    const port = this.#ports.get(localPort);
    if (port === undefined) return;
    for (let b = port.connected; b !== undefined; b = b.portNext) into.push(b as T);
    for (let b = port.unconnected; b !== undefined; b = b.portNext) into.push(b as T);
  }

  /** Every endpoint; the table may be changed while the result is used. */
  list(): T[] {
    const all: T[] = [];
    for (const port of this.#ports.keys()) this.collect(port, all);
    return all;
  }

  #hash(localPort: number, remotePort: number, remote: IpAddress): number {
    let h = Math.imul(this.#seed ^ remote.w3, 0x9e3779b1);
    h = Math.imul(h ^ (h >>> 15) ^ ((localPort << 16) | remotePort), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13) ^ remote.w0 ^ remote.w1 ^ remote.w2, 0xc2b2ae35);
    return h ^ (h >>> 16);
  }

  #hashIn(b: UdpBinding): void {
    if (++this.#connectedCount > this.#buckets.length) this.#grow();
    const i = this.#hash(b.localPort, b.remotePort, b.remoteAddress!) & (this.#buckets.length - 1);
    b.hashNext = this.#buckets[i];
    this.#buckets[i] = b;
  }

  #hashOut(b: UdpBinding): void {
    this.#connectedCount--;
    const i = this.#hash(b.localPort, b.remotePort, b.remoteAddress!) & (this.#buckets.length - 1);
    let at = this.#buckets[i];
    if (at === b) this.#buckets[i] = b.hashNext;
    while (at !== undefined && at !== b) {
      if (at.hashNext === b) at.hashNext = b.hashNext;
      at = at.hashNext;
    }
    b.hashNext = undefined;
  }

  #grow(): void {
    const old = this.#buckets;
    this.#buckets = new Array<UdpBinding | undefined>(old.length * 2).fill(undefined);
    for (let i = 0; i < old.length; i++) {
      let b = old[i];
      while (b !== undefined) {
        const next: UdpBinding | undefined = b.hashNext;
        const j = this.#hash(b.localPort, b.remotePort, b.remoteAddress!) & (this.#buckets.length - 1);
        b.hashNext = this.#buckets[j];
        this.#buckets[j] = b;
        b = next;
      }
    }
  }
}

/** Whether an unspecified `any` stands for addresses of the other's family. */
export function coversFamily(binding: UdpBinding, family: 4 | 6): boolean {
  const own = binding.localAddress.family;
  return own === family || (own === 6 && !binding.ipv6Only);
}

/** How well a unicast destination fits: −1 not at all, +1 for a bound interface, +2 for a bound address. */
function score(b: UdpBinding, destination: IpAddress, netif: Netif | undefined): number {
  let s = 0;
  if (b.boundNetif !== undefined) {
    if (netif !== undefined && b.boundNetif !== netif) return -1;
    s = 1;
  }
  if (b.localAddress.isUnspecified) return coversFamily(b, destination.family) ? s : -1;
  return b.localAddress.equals(destination) ? s + 2 : -1;
}

function overlapsList(head: UdpBinding | undefined, binding: UdpBinding): boolean {
  for (let b = head; b !== undefined; b = b.portNext) {
    if (b !== binding && !(b.reuseAddress && binding.reuseAddress) && overlaps(b, binding)) return true;
  }
  return false;
}

function overlaps(a: UdpBinding, b: UdpBinding): boolean {
  if (a.boundNetif !== undefined && b.boundNetif !== undefined && a.boundNetif !== b.boundNetif) return false;
  if (a.localAddress.isUnspecified) {
    return coversFamily(a, b.localAddress.family) ||
      (b.localAddress.isUnspecified && coversFamily(b, a.localAddress.family));
  }
  if (b.localAddress.isUnspecified) return coversFamily(b, a.localAddress.family);
  return a.localAddress.equals(b.localAddress);
}
