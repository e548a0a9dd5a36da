/** What packet sockets, TAP devices and interface ioctls of Linux take: numbers and struct layouts (x86-64 and arm64).
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
