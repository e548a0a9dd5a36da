/** Linux system calls through FFI: the only module of lightwire that knows the kernel's binary interface (x86-64 and
 * arm64: little-endian, 8-byte pointers). Every struct that crosses is drawn beside its offsets.
 *
 * Lengths are passed as `u32` and results taken as `i32`, because 64-bit ones become bigints and cost a call's worth
 * of time again; addresses travel inside iovecs, which are written as two words, for the same reason.
 *
 * @module
 */

/** Address family of packet sockets. */
export const AF_PACKET = 17;
/** Address family of the datagram socket that carries interface ioctls. */
export const AF_INET = 2;
/** Datagram socket. */
export const SOCK_DGRAM = 2;
/** Raw packet socket: frames with their link-layer header. */
export const SOCK_RAW = 3;
/** Close-on-exec flag of `socket(2)`. */
export const SOCK_CLOEXEC = 0o2000000;
/** Non-blocking flag of `socket(2)` and `open(2)`. */
export const O_NONBLOCK = 0o4000;
/** Read and write flag of `open(2)`. */
export const O_RDWR = 2;
/** Close-on-exec flag of `open(2)`. */
export const O_CLOEXEC = 0o2000000;
/** `poll(2)`: data to read. */
export const POLLIN = 1;
/** `poll(2)`: room to write. */
export const POLLOUT = 4;
/** Packet protocol "every protocol", host byte order. */
export const ETH_P_ALL = 3;

/** Socket level of packet sockets. */
export const SOL_PACKET = 263;
/** Generic socket level. */
export const SOL_SOCKET = 1;
/** Receive buffer size, ignoring the system's limit (needs CAP_NET_ADMIN). */
export const SO_RCVBUFFORCE = 33;
/** Send buffer size, ignoring the system's limit (needs CAP_NET_ADMIN). */
export const SO_SNDBUFFORCE = 32;
/** Join: promiscuous mode and multicast filters (`packet_mreq`). */
export const PACKET_ADD_MEMBERSHIP = 1;
/** Ask for `tpacket_auxdata` beside each packet. */
export const PACKET_AUXDATA = 8;
/** A virtio-net header in front of each packet, both ways. */
export const PACKET_VNET_HDR = 15;
/** Do not deliver what this host sends. */
export const PACKET_IGNORE_OUTGOING = 23;
/** `packet_mreq` type: promiscuous. */
export const PACKET_MR_PROMISC = 1;
/** `sockaddr_ll` packet type: sent by this host. */
export const PACKET_OUTGOING = 4;

/** TAP/TUN: bind the descriptor to an interface; argument `ifreq`. */
export const TUNSETIFF = 0x400454ca;
/** TAP/TUN: which offloads user space takes from the kernel; argument by value. */
export const TUNSETOFFLOAD = 0x400454d0;
/** TAP/TUN: length of the virtio-net header; argument `int *`. */
export const TUNSETVNETHDRSZ = 0x400454d8;
/** `ifreq` flag: layer 3 device. */
export const IFF_TUN = 0x0001;
/** `ifreq` flag: layer 2 device. */
export const IFF_TAP = 0x0002;
/** `ifreq` flag: no 4-byte protocol header in front of packets. */
export const IFF_NO_PI = 0x1000;
/** `ifreq` flag: a virtio-net header in front of packets. */
export const IFF_VNET_HDR = 0x4000;
/** TUNSETOFFLOAD: unfinished checksums. */
export const TUN_F_CSUM = 0x01;
/** TUNSETOFFLOAD: TCP over IPv4 super-segments. */
export const TUN_F_TSO4 = 0x02;
/** TUNSETOFFLOAD: TCP over IPv6 super-segments. */
export const TUN_F_TSO6 = 0x04;
/** TUNSETOFFLOAD: with ECN bits. */
export const TUN_F_TSO_ECN = 0x08;

/** Interface ioctl: index. */
export const SIOCGIFINDEX = 0x8933;
/** Interface ioctl: read flags. */
export const SIOCGIFFLAGS = 0x8913;
/** Interface ioctl: write flags. */
export const SIOCSIFFLAGS = 0x8914;
/** Interface ioctl: MTU. */
export const SIOCGIFMTU = 0x8921;
/** Interface ioctl: set MTU. */
export const SIOCSIFMTU = 0x8922;
/** Interface ioctl: hardware address. */
export const SIOCGIFHWADDR = 0x8927;
/** Interface flag: administratively up. */
export const IFF_UP = 0x1;
/** Interface flag: carrier. */
export const IFF_RUNNING = 0x40;

/** `eventfd(2)` flags: close-on-exec and non-blocking. */
export const EFD_CLOEXEC_NONBLOCK = 0o2004000;

/** Error numbers the drivers tell apart. */
export const Errno = {
  EPERM: 1,
  ENOENT: 2,
  EIO: 5,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EBUSY: 16,
  ENODEV: 19,
  EINVAL: 22,
  ENOTTY: 25,
  ENETDOWN: 100,
  ENOBUFS: 105,
  ENXIO: 6,
  EBADFD: 77,
  EINTR: 4,
  EAFNOSUPPORT: 97,
} as const;

const SYMBOLS = {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  ioctl: { parameters: ["i32", "u32", "buffer"], result: "i32" },
  ioctl_value: { name: "ioctl", parameters: ["i32", "u32", "u32"], result: "i32" },
  readv: { parameters: ["i32", "pointer", "i32"], result: "i32" },
  writev: { parameters: ["i32", "pointer", "i32"], result: "i32" },
  recvmmsg: { parameters: ["i32", "pointer", "u32", "i32", "pointer"], result: "i32" },
  sendmmsg: { parameters: ["i32", "pointer", "u32", "i32"], result: "i32" },
  poll: { parameters: ["buffer", "u32", "i32"], result: "i32" },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  eventfd_write: { parameters: ["i32", "u64"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
} as const;

type Libc = Deno.DynamicLibrary<typeof SYMBOLS>;

let library: Libc | undefined;

/** The C library, opened on first use.
 *
 * @throws {LinuxError} when FFI is not permitted or the system is not Linux; the message says what to do.
 */
export function libc(): Libc["symbols"] {
  if (library === undefined) {
    if (Deno.build.os !== "linux") {
      throw new LinuxError("This link needs Linux; use --sim, which works everywhere.", 0);
    }
    try {
      library = Deno.dlopen("libc.so.6", SYMBOLS);
    } catch (cause) {
      if (cause instanceof Deno.errors.NotCapable || cause instanceof Deno.errors.PermissionDenied) {
        throw new LinuxError(
          "Cannot reach the system calls: run again with --allow-ffi (or use --sim, which needs no rights).",
          0,
        );
      }
      throw cause;
    }
  }
  return library.symbols;
}

/** A system call failed. */
export class LinuxError extends Error {
  /** The error number, 0 when it was not the kernel that refused. */
  readonly errno: number;

  /** @param message one sentence which says what to do next. */
  constructor(message: string, errno: number) {
    super(message);
    this.name = "LinuxError";
    this.errno = errno;
  }
}

/** The calling thread's error number; valid directly after a call that returned −1. */
export function errno(): number {
  const location = libc().__errno_location();
  return location === null ? 0 : new Deno.UnsafePointerView(location).getInt32(0);
}

/** The C name of an error number where known, else the number. */
export function errnoName(value: number): string {
  for (const [name, number] of Object.entries(Errno)) if (number === value) return name;
  return `errno ${value}`;
}

/** Memory that the kernel reads and writes: an array buffer and its address. */
export class NativeBuffer {
  /** The bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Accessor over the same bytes; structs are little-endian. */
  readonly view: DataView;
  /** Address as the FFI's pointer object. */
  readonly pointer: Deno.PointerValue;
  /** Address as a number (user-space addresses are below 2^47). */
  readonly address: number;

  /** @param memory a size in bytes, or an existing buffer. Its address is taken once. */
  constructor(memory: number | ArrayBuffer) {
    this.bytes = typeof memory === "number" ? new Uint8Array(memory) : new Uint8Array(memory);
    this.view = new DataView(this.bytes.buffer);
    this.pointer = Deno.UnsafePointer.of(this.bytes);
    this.address = Number(Deno.UnsafePointer.value(this.pointer));
  }
}

/** Bytes of a `struct iovec`: `{ void *base; size_t len; }`. */
export const IOVEC_BYTES = 16;

/** Writes an iovec at `offset` of `view`. */
export function writeIovec(view: DataView, offset: number, address: number, length: number): void {
  const high = Math.floor(address / 0x1_0000_0000);
  view.setUint32(offset, address - high * 0x1_0000_0000, true);
  view.setUint32(offset + 4, high, true);
  view.setUint32(offset + 8, length, true);
  view.setUint32(offset + 12, 0, true);
}

/** Writes a 64-bit pointer at `offset` of `view`. */
export function writePointer(view: DataView, offset: number, address: number): void {
  const high = Math.floor(address / 0x1_0000_0000);
  view.setUint32(offset, address - high * 0x1_0000_0000, true);
  view.setUint32(offset + 4, high, true);
}

/** Bytes of a `struct mmsghdr`.
 *
 * ```text
 *  0 msg_name *      8 msg_namelen u32 (+4)   16 msg_iov *      24 msg_iovlen u64
 * 32 msg_control *  40 msg_controllen u64     48 msg_flags i32 (+4)
 * 56 msg_len u32 (+4)
 * ```
 */
export const MMSGHDR_BYTES = 64;
/** Offsets in a `struct mmsghdr`. */
export const MMSGHDR = {
  name: 0,
  nameLength: 8,
  iov: 16,
  iovCount: 24,
  control: 32,
  controlLength: 40,
  flags: 48,
  length: 56,
} as const;

/** Bytes of a `struct sockaddr_ll`: family u16, protocol u16 (network order), ifindex i32, hatype u16, pkttype u8, halen u8, addr[8]. */
export const SOCKADDR_LL_BYTES = 20;

/** A `struct sockaddr_ll` which binds to one interface and protocol.
 *
 * @param protocol in host byte order; 0 receives nothing.
 */
export function sockaddrLl(interfaceIndex: number, protocol: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(SOCKADDR_LL_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(2, protocol, false);
  view.setInt32(4, interfaceIndex, true);
  return bytes;
}

/** A `struct packet_mreq`: ifindex i32, type u16, alen u16, address[8]. */
export function packetMreq(interfaceIndex: number, type: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, interfaceIndex, true);
  view.setUint16(4, type, true);
  return bytes;
}

/** Longest interface name, without the terminating zero. */
export const INTERFACE_NAME_LENGTH = 15;

/** A `struct ifreq`: name[16], then a union of 24 bytes.
 *
 * @throws {RangeError} when the name is empty or longer than 15 bytes.
 */
export function ifreq(name: string): Uint8Array<ArrayBuffer> {
  const encoded = new TextEncoder().encode(name);
  if (encoded.length === 0 || encoded.length > INTERFACE_NAME_LENGTH) {
    throw new RangeError(`Interface name "${name}" must have 1 to ${INTERFACE_NAME_LENGTH} bytes`);
  }
  const bytes = new Uint8Array(40);
  bytes.set(encoded);
  return bytes;
}

/** A signed 32-bit integer as C passes it to `setsockopt`. */
export function cInt(value: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return bytes;
}

/** A zero-terminated string. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  const encoded = new TextEncoder().encode(text);
  const bytes = new Uint8Array(encoded.length + 1);
  bytes.set(encoded);
  return bytes;
}
