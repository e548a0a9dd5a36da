/** {@linkcode openPty}: a pseudo-terminal of our own, for tests and for a simulated modem that other programs dial.
 *
 * @module
 */
import { cString, errno, errnoName, libc, LinuxError, O_CLOEXEC, O_NONBLOCK, O_RDWR } from "./libc.ts";
import { O_NOCTTY, TIOCGPTN, TIOCSPTLCK } from "./serial_structs.ts";

/** Two ends of a line. */
export interface Pty {
  /** Our end, non-blocking; the caller's to close, which hangs up the other end. */
  readonly masterFd: number;
  /** Path of the other end. */
  readonly path: string;
}

/** Makes a pseudo-terminal.
 *
 * @throws {LinuxError} when the system has no more.
 */
export function openPty(): Pty {
  const masterFd = libc().open(cString("/dev/ptmx"), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (masterFd < 0) throw new LinuxError(`Cannot make a pseudo-terminal (${errnoName(errno())})`, errno());
  const memory = new Uint8Array(4);
  libc().ioctl(masterFd, TIOCSPTLCK, memory);
  libc().ioctl(masterFd, TIOCGPTN, memory);
  return { masterFd, path: `/dev/pts/${new DataView(memory.buffer).getInt32(0, true)}` };
}
