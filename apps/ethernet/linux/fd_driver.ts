/** Data plane. {@linkcode FdDriver}: what TAP, TUN and packet sockets have in common: a descriptor with a virtio-net header in front
 * of each packet, a receive loop in the caller's thread, and a worker that sleeps for it when there is nothing to do.
 *
 * Each receive offers the kernel two places: a small slot and, behind it, a large one. A frame of a normal MTU stays in the
 * small slot; of a super-segment only the first 2 KiB are copied.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { LinkCapabilities, LinkDriver, LinkSink, MacAddress } from "@lightwire/netif";
import type { Pbuf, PbufPool } from "@lightwire/pbuf";
import {
  Errno,
  errno,
  IOVEC_BYTES,
  libc,
  NativeBuffer,
  ReadinessWaiter,
  writeIovec,
} from "@lightwire/app-linux";
import type { KernelInterface } from "./interface.ts";
import { readVnetHeader, VNET_HEADER_LENGTH } from "./vnet_header.ts";

/** Bytes of the first place of a receive; larger packets continue in a large slot. */
export const SMALL_SLOT_BYTES = 2048;
/** Bytes of the second place of a receive. */
export const LARGE_SLOT_BYTES = 65536;
/** Packets received before the stack acknowledges and transmits. */
export const RECEIVE_BATCH = 64;
/** What a receive returns that had no slot to offer. */
export const NO_BUFFERS = -1;
/** Looks at an empty descriptor, about 3 µs each, before the loop goes to sleep. */
const SPINS_BEFORE_SLEEP = 16;
/** Interval of the carrier check, in milliseconds. */
const CARRIER_CHECK_MS = 2000;
/** Nodes of a packet that are written without copying. */
const MAX_IOVECS = 64;

/** Counters of an {@linkcode FdDriver}. */
export interface DriverCounters {
  /** Packets the kernel did not take for another reason than a full queue. */
  transmitErrors: number;
  /** Packets refused because the kernel's queue was full, to be sent again. */
  transmitBlocked: number;
  /** Packets received that could not be understood (virtio-net header). */
  receiveErrors: number;
  /** Receives put off because the pool was empty. */
  receiveNoBuffers: number;
  /** Tagged frames whose tag the kernel had moved aside. */
  vlanRestored: number;
}

/** Makes one packet of a receive that began in `small` and went on in `large`, behind room for the beginning. */
export function joinParts(small: Pbuf, large: Pbuf, length: number): Pbuf {
  const { bytes } = small;
  large.bytes.set(bytes.length === SMALL_SLOT_BYTES ? bytes : bytes.subarray(0, SMALL_SLOT_BYTES));
  large.end = length;
  return large;
}

/** A link driver over one Linux descriptor. */
export abstract class FdDriver implements LinkDriver {
  /** {@inheritDoc LinkDriver.medium} */
  readonly medium: "ethernet" | "ip";
  /** {@inheritDoc LinkDriver.mtu} */
  readonly mtu: number;
  /** {@inheritDoc LinkDriver.maxHeaderLength} */
  readonly maxHeaderLength: number = VNET_HEADER_LENGTH;
  /** {@inheritDoc LinkDriver.macAddress} */
  readonly macAddress: MacAddress | undefined;
  /** {@inheritDoc LinkDriver.capabilities} */
  readonly capabilities: LinkCapabilities;
  /** What happened so far. */
  readonly counters: DriverCounters = {
    transmitErrors: 0,
    transmitBlocked: 0,
    receiveErrors: 0,
    receiveNoBuffers: 0,
    vlanRestored: 0,
  };
  /** The descriptor, non-blocking; closed by {@linkcode close}. */
  protected readonly fd: number;
  /** Where received packets go. */
  protected readonly pool: PbufPool;
  /** Native address of the pool's arena. */
  protected readonly arenaAddress: number;
  /** Who gets the packets. */
  protected sink: LinkSink | undefined = undefined;
  readonly #kernelInterface: KernelInterface;
  readonly #waiter: ReadinessWaiter;
  readonly #iovecs = new NativeBuffer(MAX_IOVECS * IOVEC_BYTES);
  #carrierTimer: ReturnType<typeof setInterval> | undefined = undefined;
  #isRunning = true;
  #isBlocked = false;
  #isClosed = false;
  #closed: Promise<void> = Promise.resolve();

  /** @param o `fd` and `kernelInterface` become the driver's own. */
  constructor(o: {
    fd: number;
    pool: PbufPool;
    medium: "ethernet" | "ip";
    mtu: number;
    macAddress: MacAddress | undefined;
    capabilities: LinkCapabilities;
    kernelInterface: KernelInterface;
  }) {
    this.fd = o.fd;
    this.pool = o.pool;
    this.medium = o.medium;
    this.mtu = o.mtu;
    this.macAddress = o.macAddress;
    this.capabilities = o.capabilities;
    this.arenaAddress = new NativeBuffer(o.pool.arena).address;
    this.#kernelInterface = o.kernelInterface;
    this.#waiter = new ReadinessWaiter(o.fd);
  }

  /** {@inheritDoc LinkDriver.attach} Starts the receive loop. */
  attach(sink: LinkSink): void {
    this.sink = sink;
    this.#carrierTimer = setInterval(() => this.#checkCarrier(), CARRIER_CHECK_MS);
    Deno.unrefTimer(this.#carrierTimer);
    this.#closed = this.#receiveLoop(sink);
  }

  /** {@inheritDoc LinkDriver.transmit} */
  abstract transmit(p: Pbuf): boolean;
  /** {@inheritDoc LinkDriver.flush} */
  abstract flush(): void;
  /** Receives up to {@linkcode RECEIVE_BATCH} packets and hands each to {@linkcode deliver}. @returns how many came, or {@linkcode NO_BUFFERS}. */
  protected abstract receiveBatch(): number;
  /** Releases the buffers that wait for packets. */
  protected abstract releaseBuffers(): void;

  /** {@inheritDoc LinkDriver.close} */
  close(): void {
    void this.closeAndWait();
  }

  /** Closes, and resolves when the receive loop and the worker have ended and the descriptor is closed. */
  async closeAndWait(): Promise<void> {
    if (this.#isClosed) return await this.#closed;
    this.#isClosed = true;
    clearInterval(this.#carrierTimer);
    await this.#waiter.close();
    await this.#closed;
    this.flush();
    this.releaseBuffers();
    this.#kernelInterface.close();
    libc().close(this.fd);
  }

  /** Writes one packet, all its nodes, with `writev`. @returns 0 when written, else the error number. */
  protected writePacket(p: Pbuf): number {
    const count = this.fillIovecs(p, this.#iovecs.view, 0, MAX_IOVECS);
    if (count < 0) return Errno.ENOMEM;
    for (;;) {
      if (libc().writev(this.fd, this.#iovecs.pointer, count) >= 0) return 0;
      const code = errno();
      if (code !== Errno.EINTR) return code;
    }
  }

  /** Describes the nodes of `p` as iovecs. @returns their number, or −1 when a node lies outside the arena or there are too many. */
  protected fillIovecs(p: Pbuf, view: DataView, offset: number, limit: number): number {
    let count = 0;
    for (let node: Pbuf | undefined = p; node !== undefined; node = node.next) {
      let owner: Pbuf = node;
      while (owner.parent !== undefined) owner = owner.parent;
      if (owner.arenaOffset < 0 || owner.pool !== this.pool || count === limit) return -1;
      const address = this.arenaAddress + owner.arenaOffset + node.start;
      writeIovec(view, offset + count * IOVEC_BYTES, address, node.end - node.start);
      count++;
    }
    return count;
  }

  /** A copy of `p` in one slot of this driver's pool; releases `p`. */
  protected flatten(p: Pbuf): Pbuf | undefined {
    const length = p.totalLength;
    const copy = this.pool.acquire(length);
    if (copy !== undefined) {
      let at = copy.start;
      for (let node: Pbuf | undefined = p; node !== undefined; node = node.next) {
        copy.bytes.set(node.bytes.subarray(node.start, node.end), at);
        if (node.checksumStart >= 0) copy.checksumStart = at + (node.checksumStart - node.start);
        at += node.end - node.start;
      }
      copy.checksumOffset = p.checksumOffset;
      copy.gsoSize = p.gsoSize;
      copy.flags = p.flags;
    }
    p.release();
    return copy;
  }

  /** Notes that the kernel's transmit queue is full; {@linkcode LinkSink.linkWritable} follows when it is not. */
  protected block(): void {
    this.counters.transmitBlocked++;
    this.#isBlocked = true;
    // The waiter sleeps for input alone until now.
    this.#waiter.wake();
  }

  /** Strips the virtio-net header and hands the packet up; takes ownership. */
  protected deliver(p: Pbuf): void {
    if (readVnetHeader(p)) this.sink!.linkInput(p);
    else {
      this.counters.receiveErrors++;
      p.release();
    }
  }

  async #receiveLoop(sink: LinkSink): Promise<void> {
    // Nothing is handed up inside of attach().
    await Promise.resolve();
    if (!this.#isClosed) this.#checkCarrier();
    let spins = 0;
    while (!this.#isClosed) {
      const count = this.receiveBatch();
      if (count > 0) {
        spins = 0;
        sink.inputBatchEnd();
        this.#unblock(sink);
      } else if (count === NO_BUFFERS) {
        // The application holds every buffer; the kernel keeps what comes meanwhile.
        await new Promise<void>((resolve) => setTimeout(resolve, 1));
      } else if (this.#isBlocked) {
        await this.#waiter.wait(true);
        this.#unblock(sink);
        continue;
      } else if (++spins > SPINS_BEFORE_SLEEP) {
        await this.#waiter.wait(false);
        continue;
      }
      // One turn of the event loop: timers, other I/O, and the application's continuations run between batches.
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  #unblock(sink: LinkSink): void {
    if (!this.#isBlocked) return;
    this.#isBlocked = false;
    sink.linkWritable();
  }

  #checkCarrier(): void {
    const isRunning = this.#kernelInterface.isRunning();
    if (isRunning === this.#isRunning) return;
    this.#isRunning = isRunning;
    this.sink?.linkStateChanged(isRunning);
  }
}
