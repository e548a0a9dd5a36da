/** {@linkcode Reassembly}: fragments become packets again, for both families (RFC 791 §3.2, RFC 8200 §4.5).
 *
 * Fragments that overlap are never merged: the packet they belong to is refused as a whole, and what else arrives of it until
 * it would have timed out is dropped too (RFC 5722 §4, for IPv4 by the reasoning of RFC 8900 §3). Since nothing overlaps,
 * a packet is complete when the sum of its fragments' lengths is its length; the holes of RFC 815 need no
 * list of their own. A repeated fragment is dropped without harm.
 *
 * @module
 */
import { concatenate, type Pbuf } from "@lightwire/pbuf";
import type { Clock, Netif, Random, Timer, TimerQueue } from "@lightwire/netif";
import { addressKey, AddressMap } from "./address_map.ts";
import type { IpAddress } from "./address.ts";
import type { IpDropReason } from "./counters.ts";

/** Bounds of a {@linkcode Reassembly}. When one is hit the oldest packet gives way. */
export interface ReassemblyOptions {
  /** Bytes of memory that waiting fragments hold (whole slots). Default 4 MiB. */
  readonly bytesMax?: number;
  /** Packets in work. Default 256. */
  readonly datagramsMax?: number;
  /** Packets in work from one source. Default 64. */
  readonly datagramsPerSource?: number;
  /** Fragments of one packet; one with more is refused. Default 256, enough for 65,535 bytes at an MTU of 296. */
  readonly fragmentsMax?: number;
  /** How long a packet may take. Default 30,000 ms: RFC 1122 §3.3.2 wants 60 to 120 s, in which an identification comes
   * round again at 50 Mbit/s already (RFC 4963 §2); Linux waits 30 s. */
  readonly timeoutMs?: number;
}

/** The ECN codepoint of a packet whose fragments had the codepoints of a set (RFC 3168 §5.3).
 *
 * @param seen bit n: a fragment had codepoint n.
 * @param first codepoint of the first fragment.
 * @returns −1 when the packet must be dropped: congestion was signalled to a sender that would not hear of it.
 */
export function combineEcn(seen: number, first: number): number {
  const hasCongestion = (seen & 0b1000) !== 0;
  if (hasCongestion && (seen & 0b0001) !== 0) return -1;
  return hasCongestion ? 3 : first;
}

/** What a {@linkcode Reassembly} tells its owner. */
export interface ReassemblyOwner {
  /** A fragment was dropped; borrows `p`. */
  fragmentDropped(p: Pbuf, reason: IpDropReason): void;
  /** A packet was given up: out of time, or for want of room. `first` is its fragment with offset 0, if that arrived; borrowed. */
  datagramFailed(first: Pbuf | undefined, netif: Netif, isTimeout: boolean): void;
}

/** One fragment on its way into {@linkcode Reassembly.input}; reusable. */
export class Fragment {
  /** Its interface. */
  netif: Netif;
  /** Sender of the packet. */
  source: IpAddress;
  /** Receiver of the packet. */
  destination: IpAddress;
  /** Identification of the packet, 16 or 32 bits. */
  identification: number;
  /** Protocol, for IPv4; 0 for IPv6, where it is not part of the key (RFC 8200 §4.5). */
  protocol: number;
  /** Where the data lies in the packet's data, in bytes. */
  offset: number;
  /** More fragments follow. */
  moreFragments: boolean;
  /** Bytes from the pbuf's start to the data. */
  headerLength: number;
  /** Its ECN codepoint (RFC 3168 §5). */
  ecn: number;
  /** Filled in when the packet is complete: bit n is set if a fragment had ECN codepoint n. */
  ecnSeen: number;

  /** A record about no fragment yet. */
  constructor(netif: Netif, anyAddress: IpAddress) {
    this.netif = netif;
    this.source = anyAddress;
    this.destination = anyAddress;
    this.identification = 0;
    this.protocol = 0;
    this.offset = 0;
    this.moreFragments = false;
    this.headerLength = 0;
    this.ecn = 0;
    this.ecnSeen = 0;
  }
}

interface Piece {
  readonly p: Pbuf;
  readonly offset: number;
  readonly end: number;
  readonly headerLength: number;
}

class Datagram {
  readonly hash: number;
  readonly netif: Netif;
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly identification: number;
  readonly protocol: number;
  readonly expiresAt: number;
  /** In ascending order of offset. */
  readonly pieces: Piece[] = [];
  /** The one after it with the same hash. */
  next: Datagram | undefined;
  /** Bytes of data so far. */
  received = 0;
  /** Bytes of data in all, −1 while the last fragment is missing. */
  total = -1;
  /** Bytes of memory held. */
  memory = 0;
  /** Bit n: a fragment had ECN codepoint n. */
  ecnSeen = 0;
  /** Nothing of it is taken any more. */
  isRefused = false;

  constructor(f: Fragment, hash: number, expiresAt: number, next: Datagram | undefined) {
    this.hash = hash;
    this.netif = f.netif;
    this.source = f.source;
    this.destination = f.destination;
    this.identification = f.identification;
    this.protocol = f.protocol;
    this.expiresAt = expiresAt;
    this.next = next;
  }

  is(f: Fragment): boolean {
    return this.identification === f.identification && this.protocol === f.protocol &&
      this.source.equals(f.source) && this.destination.equals(f.destination);
  }
}

/** The packets in work. */
export class Reassembly {
  readonly #clock: Clock;
  readonly #owner: ReassemblyOwner;
  readonly #options: Required<ReassemblyOptions>;
  readonly #timer: Timer;
  readonly #secret: number;
  readonly #byHash = new Map<number, Datagram>();
  /** In the order of their first fragments, which is the order in which they expire. */
  readonly #inOrder = new Set<Datagram>();
  readonly #perSource = new AddressMap<number>();
  #memory = 0;

  /** Nothing in work yet.
   *
   * @param owner counts, and sends ICMP errors. */
  constructor(
    host: { readonly clock: Clock; readonly timers: TimerQueue; readonly random: Random },
    owner: ReassemblyOwner,
    options: ReassemblyOptions = {},
  ) {
    this.#clock = host.clock;
    this.#owner = owner;
    this.#secret = host.random.uint32();
    this.#timer = host.timers.create(() => this.#expire());
    this.#options = {
      bytesMax: options.bytesMax ?? 4 << 20,
      datagramsMax: options.datagramsMax ?? 256,
      datagramsPerSource: options.datagramsPerSource ?? 64,
      fragmentsMax: options.fragmentsMax ?? 256,
      timeoutMs: options.timeoutMs ?? 30_000,
    };
  }

  /** Packets in work, refused ones included. */
  get size(): number {
    return this.#inOrder.size;
  }

  /** Bytes of memory held by fragments. */
  get memory(): number {
    return this.#memory;
  }

  /** Takes one fragment; takes ownership of `p`, whose data begins {@linkcode Fragment.headerLength} bytes behind its start
   * and reaches to its end.
   *
   * @returns the whole packet when this was the last piece: the fragment with offset 0, header and all, with the data
   * of the others chained to it. Its header still is that of a fragment.
   */
  input(p: Pbuf, f: Fragment): Pbuf | undefined {
    const length = p.totalLength - f.headerLength;
    const end = f.offset + length;
    const isPossible = length > 0 && p.end - p.start >= f.headerLength &&
      (!f.moreFragments || length % 8 === 0) &&
      end + f.headerLength <= 0xffff + (f.source.family === 6 ? 40 : 0);
    if (!isPossible) return this.#drop(p, "bad-fragment");
    const datagram = this.#obtain(f);
    if (datagram.isRefused) return this.#drop(p, "fragment-overlap");
    const { pieces } = datagram;
    let at = pieces.length;
    while (at > 0 && pieces[at - 1]!.offset >= f.offset) at--;
    const following = pieces[at];
    if (following !== undefined && following.offset === f.offset && following.end === end) {
      return this.#drop(p, "fragment-duplicate");
    }
    const overlaps = (at > 0 && pieces[at - 1]!.end > f.offset) ||
      (following !== undefined && following.offset < end);
    if (overlaps || !this.#fits(datagram, f, end)) {
      this.#refuse(datagram);
      return this.#drop(p, "fragment-overlap");
    }
    const memory = memoryOf(p);
    if (pieces.length >= this.#options.fragmentsMax || !this.#makeRoom(datagram, memory)) {
      this.#refuse(datagram);
      return this.#drop(p, "reassembly-limit");
    }
    pieces.splice(at, 0, { p, offset: f.offset, end, headerLength: f.headerLength });
    datagram.memory += memory;
    this.#memory += memory;
    datagram.received += length;
    datagram.ecnSeen |= 1 << f.ecn;
    if (!f.moreFragments) datagram.total = end;
    if (datagram.received !== datagram.total) return undefined;
    f.ecnSeen = datagram.ecnSeen;
    this.#forget(datagram);
    return join(pieces);
  }

  /** Gives up everything that came in by an interface, or everything, without a word on the wire. */
  clear(netif?: Netif): void {
    for (const datagram of [...this.#inOrder]) {
      if (netif !== undefined && datagram.netif !== netif) continue;
      this.#forget(datagram);
      release(datagram);
    }
  }

  /** Whether the ends that fragments claim agree with each other. */
  #fits(datagram: Datagram, f: Fragment, end: number): boolean {
    const last = datagram.pieces[datagram.pieces.length - 1];
    if (f.moreFragments) return datagram.total < 0 || end < datagram.total;
    return datagram.total < 0 ? last === undefined || last.end <= f.offset : datagram.total === end;
  }

  #obtain(f: Fragment): Datagram {
    const hash = this.#hash(f);
    const first = this.#byHash.get(hash);
    for (let d = first; d !== undefined; d = d.next) if (d.is(f)) return d;
    const fromSource = this.#perSource.get(f.source) ?? 0;
    if (fromSource >= this.#options.datagramsPerSource) this.#evict((d) => d.source.equals(f.source));
    else if (this.#inOrder.size >= this.#options.datagramsMax) this.#evict(() => true);
    const expiresAt = this.#clock.now() + this.#options.timeoutMs;
    const datagram = new Datagram(f, hash, expiresAt, this.#byHash.get(hash));
    this.#byHash.set(hash, datagram);
    this.#inOrder.add(datagram);
    this.#perSource.set(f.source, (this.#perSource.get(f.source) ?? 0) + 1);
    if (this.#inOrder.size === 1) this.#timer.startAt(expiresAt);
    return datagram;
  }

  #hash(f: Fragment): number {
    let x = addressKey(f.source) ^ Math.imul(addressKey(f.destination), 0x9e3779b1) ^ this.#secret;
    x = Math.imul(x ^ f.identification ^ (f.protocol << 24), 0x85ebca6b);
    return (x ^ (x >>> 15)) | 0;
  }

  /** Frees memory by giving up the oldest packets other than `keep`. */
  #makeRoom(keep: Datagram, bytes: number): boolean {
    while (this.#memory + bytes > this.#options.bytesMax) {
      if (!this.#evict((d) => d !== keep && d.memory > 0)) return false;
    }
    return true;
  }

  #evict(matches: (datagram: Datagram) => boolean): boolean {
    for (const datagram of this.#inOrder) {
      if (!matches(datagram)) continue;
      this.#fail(datagram, false);
      return true;
    }
    return false;
  }

  #expire(): void {
    const now = this.#clock.now();
    for (const datagram of this.#inOrder) {
      if (datagram.expiresAt > now) {
        this.#timer.startAt(datagram.expiresAt);
        return;
      }
      this.#fail(datagram, true);
    }
  }

  #fail(datagram: Datagram, isTimeout: boolean): void {
    this.#forget(datagram);
    if (!datagram.isRefused) {
      const first = datagram.pieces[0];
      this.#owner.datagramFailed(first?.offset === 0 ? first.p : undefined, datagram.netif, isTimeout);
    }
    release(datagram);
  }

  #refuse(datagram: Datagram): void {
    datagram.isRefused = true;
    this.#memory -= datagram.memory;
    datagram.memory = 0;
    this.#owner.datagramFailed(undefined, datagram.netif, false);
    release(datagram);
  }

  /** Takes a packet out of all tables; its pieces are left to the caller. */
  #forget(datagram: Datagram): void {
    this.#inOrder.delete(datagram);
    this.#memory -= datagram.memory;
    const first = this.#byHash.get(datagram.hash);
    if (first === datagram) {
      if (datagram.next === undefined) this.#byHash.delete(datagram.hash);
      else this.#byHash.set(datagram.hash, datagram.next);
    } else {
      for (let d = first; d !== undefined; d = d.next) if (d.next === datagram) d.next = datagram.next;
    }
    const count = this.#perSource.get(datagram.source) ?? 0;
    if (count > 1) this.#perSource.set(datagram.source, count - 1);
    else this.#perSource.delete(datagram.source);
    if (this.#inOrder.size === 0) this.#timer.stop();
  }

  #drop(p: Pbuf, reason: IpDropReason): undefined {
    this.#owner.fragmentDropped(p, reason);
    p.release();
  }
}

function join(pieces: readonly Piece[]): Pbuf {
  for (let i = 1; i < pieces.length; i++) {
    const { p, headerLength } = pieces[i]!;
    p.start += headerLength;
    concatenate(pieces[i - 1]!.p, p);
  }
  return pieces[0]!.p;
}

function release(datagram: Datagram): void {
  for (const piece of datagram.pieces) piece.p.release();
  datagram.pieces.length = 0;
}

function memoryOf(p: Pbuf): number {
  let sum = 0;
  for (let node: Pbuf | undefined = p; node !== undefined; node = node.next) sum += node.bytes.length;
  return sum;
}
