/** What the kernel says about one of its interfaces, by ioctl.
 *
 * @module
 */
import type { MacAddress } from "@lightwire/netif";
import {
  AF_INET,
  Errno,
  errno,
  errnoName,
  IFF_RUNNING,
  IFF_UP,
  ifreq,
  libc,
  LinuxError,
  SIOCGIFFLAGS,
  SIOCGIFHWADDR,
  SIOCGIFINDEX,
  SIOCGIFMTU,
  SIOCSIFFLAGS,
  SIOCSIFMTU,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
} from "@lightwire/app-linux";

/** One kernel interface, by name. */
export class KernelInterface {
  /** Its name. */
  readonly name: string;
  readonly #fd: number;

  /** Opens a socket for the ioctls; {@linkcode close} closes it. */
  constructor(name: string) {
    this.name = name;
    this.#fd = libc().socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (this.#fd < 0) {
      throw new LinuxError(`Cannot open a socket for interface ioctls (${errnoName(errno())})`, errno());
    }
  }

  /** Interface number of the kernel.
   *
   * @throws {LinuxError} when there is no such interface.
   */
  index(): number {
    return this.#query(SIOCGIFINDEX).getInt32(16, true);
  }

  /** MTU in bytes. */
  mtu(): number {
    return this.#query(SIOCGIFMTU).getInt32(16, true);
  }

  /** Station address of the kernel's own stack on this interface. */
  macAddress(): MacAddress {
    const view = this.#query(SIOCGIFHWADDR);
    return view.getUint16(18) * 0x1_0000_0000 + view.getUint32(20);
  }

  /** Whether it is administratively up and has a carrier. */
  isRunning(): boolean {
    const wanted = IFF_UP | IFF_RUNNING;
    return (this.#query(SIOCGIFFLAGS).getUint16(16, true) & wanted) === wanted;
  }

  /** Whether it is administratively up. */
  isUp(): boolean {
    return (this.#query(SIOCGIFFLAGS).getUint16(16, true) & IFF_UP) !== 0;
  }

  /** Sets it administratively up. Needs CAP_NET_ADMIN. */
  setUp(): void {
    const request = ifreq(this.name);
    const flags = this.#query(SIOCGIFFLAGS).getUint16(16, true) | IFF_UP;
    new DataView(request.buffer).setUint16(16, flags, true);
    this.#apply(SIOCSIFFLAGS, request, "set up");
  }

  /** Sets its MTU. Needs CAP_NET_ADMIN. */
  setMtu(mtu: number): void {
    const request = ifreq(this.name);
    new DataView(request.buffer).setInt32(16, mtu, true);
    this.#apply(SIOCSIFMTU, request, `set the MTU ${mtu} of`);
  }

  /** Closes the ioctl socket. */
  close(): void {
    libc().close(this.#fd);
  }

  #query(request: number): DataView {
    const memory = ifreq(this.name);
    if (libc().ioctl(this.#fd, request, memory) < 0) {
      const code = errno();
      throw new LinuxError(
        code === Errno.ENODEV
          ? `There is no interface "${this.name}"; \`ip link\` lists those there are.`
          : `Cannot ask interface "${this.name}" (${errnoName(code)})`,
        code,
      );
    }
    return new DataView(memory.buffer);
  }

  #apply(request: number, memory: Uint8Array<ArrayBuffer>, what: string): void {
    if (libc().ioctl(this.#fd, request, memory) >= 0) return;
    const code = errno();
    throw new LinuxError(
      code === Errno.EPERM
        ? `Cannot ${what} interface "${this.name}": it takes CAP_NET_ADMIN (run as root, or set it up beforehand).`
        : `Cannot ${what} interface "${this.name}" (${errnoName(code)})`,
      code,
    );
  }
}
