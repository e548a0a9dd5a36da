/** Data plane. {@linkcode PacketDriver}: a packet socket (AF_PACKET) on an existing Ethernet interface: a host of its own, with its own
 * station address, beside the kernel's stack, which goes on undisturbed.
 *
 * - The interface is promiscuous while the socket lives, because frames for our address are not for the kernel's.
 * - `PACKET_VNET_HDR`: a veth or virtio peer leaves checksums and segmentation "to the hardware"; the header says so.
 * - `PACKET_AUXDATA`: the kernel takes an 802.1Q tag out of a frame before we see it; it is handed on beside the packet.
 * - What this host sends on the interface itself is ignored.
 * - Receives and sends are batched with `recvmmsg` and `sendmmsg`.
 *
 * @module
 */
import type { MacAddress } from "@lightwire/netif";
import { type Pbuf, PBUF_CHECKSUM_VERIFIED, type PbufPool } from "@lightwire/pbuf";
import {
  AF_PACKET,
  cInt,
  Errno,
  errno,
  errnoName,
  ETH_P_ALL,
  IOVEC_BYTES,
  libc,
  LinuxError,
  MMSGHDR,
  MMSGHDR_BYTES,
  NativeBuffer,
  O_NONBLOCK,
  PACKET_ADD_MEMBERSHIP,
  PACKET_AUXDATA,
  PACKET_IGNORE_OUTGOING,
  PACKET_MR_PROMISC,
  PACKET_OUTGOING,
  PACKET_VNET_HDR,
  packetMreq,
  SO_RCVBUFFORCE,
  SO_SNDBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_RAW,
  SOCKADDR_LL_BYTES,
  sockaddrLl,
  SOL_PACKET,
  SOL_SOCKET,
  writeIovec,
  writePointer,
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
import { prependVnetHeader } from "./vnet_header.ts";

const ETHERNET_HEADER_LENGTH = 14;
/** Packets per `recvmmsg`. */
const RECEIVE_SLOTS = 32;
/** Packets per `sendmmsg`. */
const SEND_SLOTS = 64;
/** Nodes of a packet that are sent without copying. */
const SEND_IOVECS = 8;
/** Kernel buffers of the socket. */
const SOCKET_BUFFER_BYTES = 8 * 1024 * 1024;

// struct cmsghdr { size_t len; int level; int type; } and struct tpacket_auxdata
// { u32 status; u32 len; u32 snaplen; u16 mac; u16 net; u16 vlan_tci; u16 vlan_tpid; }
const CONTROL_BYTES = 40;
const CMSG_TYPE = 12;
const AUX_STATUS = 16;
const AUX_VLAN_TCI = 32;
const TP_STATUS_VLAN_VALID = 1 << 4;
const TP_STATUS_CSUM_VALID = 1 << 7;
const SOCKADDR_LL_PKTTYPE = 10;
const NAME_BYTES = 32;

/** Options of {@linkcode PacketDriver.open}. */
export interface PacketOptions {
  /** An existing Ethernet interface. */
  readonly name: string;
  /** Arena that packets are received into. */
  readonly pool: PbufPool;
  /** Our station address; must differ from the kernel's on this interface. */
  readonly macAddress?: MacAddress;
  /** MTU of our side; default: the interface's. */
  readonly mtu?: number;
  /** Exchange super-segments and unfinished checksums with the kernel; default true. */
  readonly offload?: boolean;
}

/** A packet socket as a link driver. */
export class PacketDriver extends FdDriver {
  readonly #rxHeaders = new NativeBuffer(RECEIVE_SLOTS * MMSGHDR_BYTES);
  readonly #rxIovecs = new NativeBuffer(RECEIVE_SLOTS * 2 * IOVEC_BYTES);
  readonly #rxNames = new NativeBuffer(RECEIVE_SLOTS * NAME_BYTES);
  readonly #rxControls = new NativeBuffer(RECEIVE_SLOTS * CONTROL_BYTES);
  readonly #txHeaders = new NativeBuffer(SEND_SLOTS * MMSGHDR_BYTES);
  readonly #txIovecs = new NativeBuffer(SEND_SLOTS * SEND_IOVECS * IOVEC_BYTES);
  readonly #small: (Pbuf | undefined)[] = new Array(RECEIVE_SLOTS).fill(undefined);
  readonly #large: (Pbuf | undefined)[] = new Array(RECEIVE_SLOTS).fill(undefined);
  readonly #pending: (Pbuf | undefined)[] = new Array(SEND_SLOTS).fill(undefined);
  #pendingCount = 0;
  readonly #headerPointers: Deno.PointerValue[] = [];

  private constructor(o: PacketOptions, fd: number, kernelInterface: KernelInterface) {
    const offload = o.offload ?? true;
    super({
      fd,
      pool: o.pool,
      medium: "ethernet",
      mtu: o.mtu ?? kernelInterface.mtu(),
      macAddress: o.macAddress,
      capabilities: offload
        ? { txChecksum: true, rxChecksum: true, gsoMaxBytes: 65_535, gro: true }
        : { txChecksum: false, rxChecksum: true, gsoMaxBytes: 0, gro: true },
      kernelInterface,
    });
    for (let i = 0; i < RECEIVE_SLOTS; i++) this.#describeReceive(i);
    for (let i = 0; i < SEND_SLOTS; i++) {
      const iovecs = this.#txIovecs.address + i * SEND_IOVECS * IOVEC_BYTES;
      writePointer(this.#txHeaders.view, i * MMSGHDR_BYTES + MMSGHDR.iov, iovecs);
      this.#headerPointers.push(
        Deno.UnsafePointer.create(BigInt(this.#txHeaders.address + i * MMSGHDR_BYTES)),
      );
    }
  }

  /** Opens a packet socket on `o.name`.
   *
   * @throws {LinuxError} without CAP_NET_RAW, or when there is no such interface.
   */
  static open(o: PacketOptions): PacketDriver {
    const kernelInterface = new KernelInterface(o.name);
    let fd = -1;
    try {
      const index = kernelInterface.index();
      // Protocol 0 receives nothing until bind(): no frame of another interface slips in.
      fd = libc().socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | O_NONBLOCK, 0);
      if (fd < 0) throw refusal(o.name, errno());
      const require = (level: number, option: number, value: Uint8Array<ArrayBuffer>): void => {
        if (libc().setsockopt(fd, level, option, value, value.length) < 0) throw refusal(o.name, errno());
      };
      require(SOL_PACKET, PACKET_VNET_HDR, cInt(1));
      require(SOL_PACKET, PACKET_AUXDATA, cInt(1));
      require(SOL_PACKET, PACKET_ADD_MEMBERSHIP, packetMreq(index, PACKET_MR_PROMISC));
      // Older kernels lack it; the packet type is looked at as well.
      libc().setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, cInt(1), 4);
      libc().setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, cInt(SOCKET_BUFFER_BYTES), 4);
      libc().setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, cInt(SOCKET_BUFFER_BYTES), 4);
      const address = sockaddrLl(index, ETH_P_ALL);
      if (libc().bind(fd, address, address.length) < 0) throw refusal(o.name, errno());
      return new PacketDriver(o, fd, kernelInterface);
    } catch (error) {
      kernelInterface.close();
      if (fd >= 0) libc().close(fd);
      throw error;
    }
  }

  /** {@inheritDoc LinkDriver.transmit} Batched until {@linkcode flush}. */
  override transmit(p: Pbuf): boolean {
    if (this.#pendingCount === SEND_SLOTS) {
      this.flush();
      if (this.#pendingCount === SEND_SLOTS) {
        this.block();
        return false;
      }
    }
    const linkHeaderLength = p.view.getUint16(p.start + 12) === 0x8100
      ? ETHERNET_HEADER_LENGTH + 4
      : ETHERNET_HEADER_LENGTH;
    let packet: Pbuf | undefined = p;
    // Another owner still reads the packet as it is.
    if (p.refCount > 1 || !prependVnetHeader(packet, linkHeaderLength)) {
      packet = this.flatten(p);
      if (packet !== undefined) prependVnetHeader(packet, linkHeaderLength);
    }
    if (packet !== undefined && !this.#describeSend(packet)) {
      packet = this.flatten(packet);
      if (packet !== undefined) this.#describeSend(packet);
    }
    if (packet === undefined) {
      this.counters.transmitErrors++;
      return true;
    }
    this.#pending[this.#pendingCount++] = packet;
    return true;
  }

  /** {@inheritDoc LinkDriver.flush} */
  override flush(): void {
    let sent = 0;
    while (sent < this.#pendingCount) {
      const count = libc().sendmmsg(this.fd, this.#headerPointers[sent]!, this.#pendingCount - sent, 0);
      if (count < 0) {
        const code = errno();
        if (code === Errno.EINTR) continue;
        if (code === Errno.EAGAIN || code === Errno.ENOBUFS) break;
        // The first packet is the one refused (too long, link down): drop it and go on.
        this.counters.transmitErrors++;
        this.#pending[sent]!.release();
        sent++;
        continue;
      }
      for (let i = 0; i < count; i++) this.#pending[sent + i]!.release();
      sent += count;
    }
    const left = this.#pendingCount - sent;
    if (left === 0) {
      this.#pendingCount = 0;
      return;
    }
    for (let i = 0; i < left; i++) {
      const packet = this.#pending[sent + i]!;
      this.#pendingCount = i;
      this.#describeSend(packet);
      this.#pending[i] = packet;
    }
    this.#pendingCount = left;
    this.block();
  }

  protected override receiveBatch(): number {
    let total = 0;
    while (total < RECEIVE_BATCH) {
      const offered = this.#offerBuffers();
      if (offered === 0) return total > 0 ? total : NO_BUFFERS;
      const count = libc().recvmmsg(this.fd, this.#rxHeaders.pointer, offered, 0, null);
      if (count <= 0) break;
      total += count;
      for (let i = 0; i < count; i++) this.#receive(i);
      if (count < offered) break;
    }
    if (this.#pendingCount > 0 && total === 0) this.flush();
    return total;
  }

  protected override releaseBuffers(): void {
    for (let i = 0; i < RECEIVE_SLOTS; i++) {
      this.#small[i]?.release();
      this.#large[i]?.release();
      this.#small[i] = this.#large[i] = undefined;
    }
    for (let i = 0; i < this.#pendingCount; i++) this.#pending[i]!.release();
    this.#pendingCount = 0;
  }

  #describeReceive(i: number): void {
    const { view } = this.#rxHeaders;
    const at = i * MMSGHDR_BYTES;
    writePointer(view, at + MMSGHDR.name, this.#rxNames.address + i * NAME_BYTES);
    writePointer(view, at + MMSGHDR.iov, this.#rxIovecs.address + i * 2 * IOVEC_BYTES);
    view.setUint32(at + MMSGHDR.iovCount, 2, true);
    writePointer(view, at + MMSGHDR.control, this.#rxControls.address + i * CONTROL_BYTES);
  }

  /** Makes sure that the first slots have buffers. @returns how many have. */
  #offerBuffers(): number {
    const headers = this.#rxHeaders.view;
    const iovecs = this.#rxIovecs.view;
    let i = 0;
    for (; i < RECEIVE_SLOTS; i++) {
      if (this.#small[i] === undefined) {
        const small = this.pool.acquire(SMALL_SLOT_BYTES, 0);
        if (small === undefined) break;
        this.#small[i] = small;
        writeIovec(iovecs, i * 2 * IOVEC_BYTES, this.arenaAddress + small.arenaOffset, SMALL_SLOT_BYTES);
      }
      if (this.#large[i] === undefined) {
        const large = this.pool.acquire(SMALL_SLOT_BYTES + LARGE_SLOT_BYTES, 0);
        if (large === undefined) break;
        this.#large[i] = large;
        const address = this.arenaAddress + large.arenaOffset + SMALL_SLOT_BYTES;
        writeIovec(iovecs, (i * 2 + 1) * IOVEC_BYTES, address, LARGE_SLOT_BYTES);
      }
      const at = i * MMSGHDR_BYTES;
      headers.setUint32(at + MMSGHDR.nameLength, SOCKADDR_LL_BYTES, true);
      headers.setUint32(at + MMSGHDR.controlLength, CONTROL_BYTES, true);
    }
    if (i === 0) this.counters.receiveNoBuffers++;
    return i;
  }

  #receive(i: number): void {
    const length = this.#rxHeaders.view.getUint32(i * MMSGHDR_BYTES + MMSGHDR.length, true);
    if (this.#rxNames.view.getUint8(i * NAME_BYTES + SOCKADDR_LL_PKTTYPE) === PACKET_OUTGOING) return;
    const p = this.#take(i, length);
    const aux = i * CONTROL_BYTES;
    const control = this.#rxControls.view;
    const hasAux = this.#rxHeaders.view.getUint32(i * MMSGHDR_BYTES + MMSGHDR.controlLength, true) >= 36 &&
      control.getUint32(aux + CMSG_TYPE, true) === PACKET_AUXDATA;
    if (hasAux) {
      const status = control.getUint32(aux + AUX_STATUS, true);
      if ((status & TP_STATUS_VLAN_VALID) !== 0) {
        p.vlanTci = control.getUint16(aux + AUX_VLAN_TCI, true);
        this.counters.vlanRestored++;
      }
      if ((status & TP_STATUS_CSUM_VALID) !== 0) p.flags |= PBUF_CHECKSUM_VERIFIED;
    }
    this.deliver(p);
  }

  #take(i: number, length: number): Pbuf {
    const small = this.#small[i]!;
    if (length <= SMALL_SLOT_BYTES) {
      this.#small[i] = undefined;
      small.end = length;
      return small;
    }
    const large = this.#large[i]!;
    this.#large[i] = undefined;
    return joinParts(small, large, length);
  }

  /** Writes the iovecs and the header of the next send slot. @returns false when the packet must be flattened first. */
  #describeSend(p: Pbuf): boolean {
    const slot = this.#pendingCount;
    const count = this.fillIovecs(p, this.#txIovecs.view, slot * SEND_IOVECS * IOVEC_BYTES, SEND_IOVECS);
    if (count < 0) return false;
    this.#txHeaders.view.setUint32(slot * MMSGHDR_BYTES + MMSGHDR.iovCount, count, true);
    return true;
  }
}

function refusal(name: string, code: number): LinuxError {
  switch (code) {
    case Errno.EPERM:
    case Errno.EACCES:
      return new LinuxError(
        `Cannot open a raw socket on "${name}": it takes CAP_NET_RAW (run as root, or: setcap cap_net_raw+ep on the binary).`,
        code,
      );
    case Errno.EAFNOSUPPORT:
      return new LinuxError("This kernel has no packet sockets (CONFIG_PACKET): use --tap.", code);
    case Errno.ENETDOWN:
      return new LinuxError(`Interface "${name}" is down: ip link set ${name} up.`, code);
    default:
      return new LinuxError(`Cannot open a raw socket on "${name}" (${errnoName(code)})`, code);
  }
}
