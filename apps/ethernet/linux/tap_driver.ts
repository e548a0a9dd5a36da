/** Data plane. {@linkcode TapDriver}: a Linux TAP or TUN device with virtio-net headers: super-segments and unfinished checksums both ways.
 *
 * @module
 */
import type { MacAddress } from "@lightwire/netif";
import type { Pbuf, PbufPool } from "@lightwire/pbuf";
import {
  cInt,
  cString,
  Errno,
  errno,
  errnoName,
  IFF_NO_PI,
  IFF_TAP,
  IFF_TUN,
  IFF_VNET_HDR,
  ifreq,
  IOVEC_BYTES,
  libc,
  LinuxError,
  NativeBuffer,
  O_CLOEXEC,
  O_NONBLOCK,
  O_RDWR,
  TUN_F_CSUM,
  TUN_F_TSO4,
  TUN_F_TSO6,
  TUN_F_TSO_ECN,
  TUNSETIFF,
  TUNSETOFFLOAD,
  TUNSETVNETHDRSZ,
  writeIovec,
} from "@lightwire/app-linux";
import {
  FdDriver,
  joinParts,
  LARGE_SLOT_BYTES,
  NO_BUFFERS,
  RECEIVE_BATCH,
  SMALL_SLOT_BYTES,
} from "./fd_driver.ts";
import { KernelInterface } from "./interface.ts";
import { prependVnetHeader, VNET_HEADER_LENGTH } from "./vnet_header.ts";

const ETHERNET_HEADER_LENGTH = 14;

/** Options of {@linkcode TapDriver.open}. */
export interface TapOptions {
  /** Interface name, up to 15 bytes. */
  readonly name: string;
  /** "tap": Ethernet frames; "tun": IP packets. */
  readonly mode: "tap" | "tun";
  /** Arena that packets are received into. */
  readonly pool: PbufPool;
  /** MTU of our side; default: the device's. */
  readonly mtu?: number;
  /** Our station address; default: left to the stack. */
  readonly macAddress?: MacAddress;
  /** Exchange super-segments and unfinished checksums with the kernel; default true. */
  readonly offload?: boolean;
}

/** One queue of a TAP or TUN device. */
export class TapDriver extends FdDriver {
  /** Whether the device did not exist before. */
  readonly wasCreated: boolean;
  readonly #rx = new NativeBuffer(2 * IOVEC_BYTES);
  readonly #linkHeaderLength: number;
  #small: Pbuf | undefined = undefined;
  #large: Pbuf | undefined = undefined;

  private constructor(
    o: TapOptions,
    fd: number,
    kernelInterface: KernelInterface,
    mtu: number,
    wasCreated: boolean,
  ) {
    const offload = o.offload ?? true;
    super({
      fd,
      pool: o.pool,
      medium: o.mode === "tap" ? "ethernet" : "ip",
      mtu,
      macAddress: o.macAddress,
      capabilities: offload
        ? { txChecksum: true, rxChecksum: true, gsoMaxBytes: 65_535, gro: true }
        : { txChecksum: false, rxChecksum: false, gsoMaxBytes: 0, gro: false },
      kernelInterface,
    });
    this.wasCreated = wasCreated;
    this.#linkHeaderLength = o.mode === "tap" ? ETHERNET_HEADER_LENGTH : 0;
  }

  /** Attaches to a device, or creates one, which then lives as long as the driver, and sets it up.
   *
   * @throws {LinuxError} without rights, when the name belongs to another kind of device, or when somebody else is attached.
   */
  static open(o: TapOptions): TapDriver {
    const existed = interfaceExists(o.name);
    const fd = libc().open(cString("/dev/net/tun"), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
      throw refusal(o.name, o.mode, errno());
    }
    const kernelInterface = new KernelInterface(o.name);
    try {
      const request = ifreq(o.name);
      const mode = o.mode === "tap" ? IFF_TAP : IFF_TUN;
      new DataView(request.buffer).setUint16(16, mode | IFF_NO_PI | IFF_VNET_HDR, true);
      if (libc().ioctl(fd, TUNSETIFF, request) < 0) throw refusal(o.name, o.mode, errno());
      libc().ioctl(fd, TUNSETVNETHDRSZ, cInt(VNET_HEADER_LENGTH));
      const offloads = o.offload ?? true ? TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN : 0;
      if (libc().ioctl_value(fd, TUNSETOFFLOAD, offloads) < 0) throw refusal(o.name, o.mode, errno());
      if (!existed && o.mtu !== undefined) kernelInterface.setMtu(o.mtu);
      if (!kernelInterface.isUp()) {
        // An existing device that somebody left down is his to set up, if we may not.
        try {
          kernelInterface.setUp();
        } catch (error) {
          if (!existed || !(error instanceof LinuxError)) throw error;
        }
      }
      const mtu = o.mtu ?? kernelInterface.mtu();
      return new TapDriver(o, fd, kernelInterface, mtu, !existed);
    } catch (error) {
      kernelInterface.close();
      libc().close(fd);
      throw error;
    }
  }

  /** {@inheritDoc LinkDriver.transmit} */
  override transmit(p: Pbuf): boolean {
    let packet: Pbuf = p;
    const start = p.start;
    // Another owner still reads the packet as it is.
    if (p.refCount > 1 || !prependVnetHeader(packet, this.#linkHeaderLength)) {
      const flat = this.flatten(p);
      if (flat === undefined) return this.#fail();
      packet = flat;
      prependVnetHeader(packet, this.#linkHeaderLength);
    }
    let code = this.writePacket(packet);
    if (code === Errno.ENOMEM) {
      const flat = this.flatten(packet);
      if (flat === undefined) return this.#fail();
      packet = flat;
      code = this.writePacket(packet);
    }
    if (code === Errno.EAGAIN && packet === p) {
      p.start = start;
      this.block();
      return false;
    }
    if (code !== 0) this.counters.transmitErrors++;
    packet.release();
    return true;
  }

  /** {@inheritDoc LinkDriver.flush} A TAP takes one packet a call: nothing is batched. */
  override flush(): void {}

  protected override receiveBatch(): number {
    let count = 0;
    while (count < RECEIVE_BATCH) {
      if (!this.#offerBuffers()) return count > 0 ? count : NO_BUFFERS;
      const length = libc().readv(this.fd, this.#rx.pointer, 2);
      if (length <= 0) break;
      count++;
      this.deliver(this.#take(length));
    }
    return count;
  }

  protected override releaseBuffers(): void {
    this.#small?.release();
    this.#large?.release();
    this.#small = undefined;
    this.#large = undefined;
  }

  #fail(): boolean {
    this.counters.transmitErrors++;
    return true;
  }

  #offerBuffers(): boolean {
    if (this.#small !== undefined && this.#large !== undefined) return true;
    if (this.#small === undefined) {
      this.#small = this.pool.acquire(SMALL_SLOT_BYTES, 0);
      if (this.#small !== undefined) {
        writeIovec(this.#rx.view, 0, this.arenaAddress + this.#small.arenaOffset, SMALL_SLOT_BYTES);
      }
    }
    if (this.#large === undefined) {
      this.#large = this.pool.acquire(SMALL_SLOT_BYTES + LARGE_SLOT_BYTES, 0);
      if (this.#large !== undefined) {
        const address = this.arenaAddress + this.#large.arenaOffset + SMALL_SLOT_BYTES;
        writeIovec(this.#rx.view, IOVEC_BYTES, address, LARGE_SLOT_BYTES);
      }
    }
    if (this.#small !== undefined && this.#large !== undefined) return true;
    this.counters.receiveNoBuffers++;
    return false;
  }

  #take(length: number): Pbuf {
    const small = this.#small!;
    if (length <= SMALL_SLOT_BYTES) {
      this.#small = undefined;
      small.end = length;
      return small;
    }
    const large = this.#large!;
    this.#large = undefined;
    return joinParts(small, large, length);
  }
}

function interfaceExists(name: string): boolean {
  const probe = new KernelInterface(name);
  try {
    probe.index();
    return true;
  } catch (error) {
    if (error instanceof LinuxError && error.errno === Errno.ENODEV) return false;
    throw error;
  } finally {
    probe.close();
  }
}

function refusal(name: string, mode: string, code: number): LinuxError {
  switch (code) {
    case Errno.EPERM:
    case Errno.EACCES:
      return new LinuxError(
        `Cannot attach to ${mode.toUpperCase()} "${name}": it takes CAP_NET_ADMIN (run as root), ` +
          `or a device made for you beforehand: ip tuntap add dev ${name} mode ${mode} user $USER.`,
        code,
      );
    case Errno.EBUSY:
      return new LinuxError(
        `${mode.toUpperCase()} "${name}" is in use by another program: end it, or choose another name.`,
        code,
      );
    case Errno.EINVAL:
      return new LinuxError(
        `"${name}" exists and is not a ${mode.toUpperCase()} device: choose another name.`,
        code,
      );
    case Errno.ENOENT:
    case Errno.ENODEV:
    case Errno.ENXIO:
      return new LinuxError(
        "There is no /dev/net/tun here: load the kernel's tun module (modprobe tun).",
        code,
      );
    default:
      return new LinuxError(`Cannot attach to ${mode.toUpperCase()} "${name}" (${errnoName(code)})`, code);
  }
}
