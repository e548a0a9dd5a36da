/** {@linkcode openTty}: opens a serial port or pseudo-terminal of Linux, and says precisely what is in the way.
 *
 * @module
 */
import { SerialOpenError } from "@lightwire/ppp";
import {
  cString,
  Errno,
  errno,
  errnoName,
  type FileStatus,
  libc,
  LinuxError,
  LOCK_EX,
  LOCK_NB,
  O_CLOEXEC,
  O_NOCTTY,
  O_NONBLOCK,
  O_RDWR,
  readSmallFile,
  resolvePath,
  S_IFCHR,
  S_IFMT,
  statFile,
  TIOCEXCL,
  TIOCNXCL,
} from "@lightwire/app-linux";
import { describeHolders, findHolders, listSerialPorts } from "./port_finder.ts";
import { PortLock } from "./port_lock.ts";
import { TtyPort } from "./tty_port.ts";
import { assertBaudRate, TtySettings } from "./tty_settings.ts";

/** Device numbers of pseudo-terminals: their other side often keeps them open, which takes nothing from anybody. */
const PTY_MAJORS = { first: 136, last: 143 } as const;
const S_IRGRP_IWGRP = 0o060;

/** Opens a terminal in raw mode, for us alone.
 *
 * @param device Path of a device, or a link to one.
 * @param o Speed in bits per second, and flow control.
 * @returns The port; what the terminal was set to before comes back when it is closed.
 * @throws {SerialOpenError} when there is no such port, this user may not open it, or somebody else has.
 * @throws {RangeError} when the port cannot run at this speed.
 */
export function openTty(device: string, o: { baudRate: number; flow: "none" | "rtscts" }): TtyPort {
  assertBaudRate(o.baudRate);
  // The device itself: locks and holders know no links, such as those of /dev/serial/by-id.
  const path = resolvePath(device);
  const status = path === undefined ? undefined : statFile(path);
  if (path === undefined || status === undefined) throw noPort(device, "");
  if ((status.mode & S_IFMT) !== S_IFCHR) throw noPort(device, "it is no device; ");
  const isPty = status.deviceMajor >= PTY_MAJORS.first && status.deviceMajor <= PTY_MAJORS.last;
  const lock = isPty ? undefined : takeLock(device, path);
  let fd = -1;
  try {
    fd = openDevice(device, path, status);
    const original = readSettings(device, fd);
    claim(device, path, fd, isPty);
    const raw = original.toRaw(o.baudRate, o.flow);
    raw.applySpeed(fd, device);
    const release = (): void => {
      libc().ioctl_value(fd, TIOCNXCL, 0);
      lock?.release();
    };
    return new TtyPort({ name: device, fd, original, settings: raw, release });
  } catch (error) {
    lock?.release();
    if (fd >= 0) libc().close(fd);
    throw error;
  }
}

function takeLock(device: string, path: string): PortLock {
  const lock = PortLock.take(path);
  if (!(lock instanceof PortLock)) throw inUse(device, describeHolders([lock]));
  return lock;
}

function openDevice(device: string, path: string, status: FileStatus): number {
  const fd = libc().open(cString(path), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) throw explainOpen(device, path, status, errno());
  return fd;
}

/** Makes the terminal ours alone. */
function claim(device: string, path: string, fd: number, isPty: boolean): void {
  // Root is let in by TIOCEXCL, and ModemManager or a getty do not lock: both would take our octets.
  const others = isPty ? [] : findHolders(path, libc().getpid());
  if (others.length > 0) throw inUse(device, describeHolders(others));
  if (libc().flock(fd, LOCK_EX | LOCK_NB) < 0) throw inUse(device, describeHolders(findHolders(path, -1)));
  libc().ioctl_value(fd, TIOCEXCL, 0);
}

function explainOpen(device: string, path: string, status: FileStatus, code: number): Error {
  switch (code) {
    case Errno.EACCES:
    case Errno.EPERM:
      return new SerialOpenError("no-permission", device, describePermission(path, status));
    case Errno.EBUSY:
      return inUse(device, describeHolders(findHolders(path, libc().getpid())));
    case Errno.ENOENT:
    case Errno.ENXIO:
    case Errno.ENODEV:
    case Errno.EIO:
      return noPort(device, "nothing is connected there; ");
    default:
      return new LinuxError(`Cannot open ${device} (${errnoName(code)})`, code);
  }
}

function readSettings(device: string, fd: number): TtySettings {
  try {
    return TtySettings.read(fd);
  } catch (error) {
    if (!(error instanceof LinuxError)) throw error;
    if (error.errno === Errno.ENOTTY || error.errno === Errno.EINVAL) {
      throw noPort(device, "it is no serial port; ");
    }
    throw noPort(device, "it has no hardware; ");
  }
}

function noPort(device: string, why: string): SerialOpenError {
  const ports = listSerialPorts();
  const list = ports.length > 0 ? `this machine has ${ports.join(", ")}` : "this machine has no serial port";
  return new SerialOpenError("no-port", device, why + list);
}

function inUse(device: string, by: string): SerialOpenError {
  return new SerialOpenError("port-in-use", device, by);
}

/** Name of a group. */
export function groupName(gid: number, groups: string = readSmallFile("/etc/group") ?? ""): string {
  for (const line of groups.split("\n")) {
    const [name, , id] = line.split(":");
    if (name !== undefined && Number(id) === gid && id !== "") return name;
  }
  return String(gid);
}

/** Says who may open the device, and how to become one of them. */
export function describePermission(path: string, status: FileStatus, groups?: string): string {
  const group = groupName(status.gid, groups);
  const isForGroup = (status.mode & S_IRGRP_IWGRP) === S_IRGRP_IWGRP && status.gid !== 0;
  return isForGroup
    ? `it is for group ${group}: \`sudo usermod -aG ${group} $USER\`, then log in again`
    : `only its owner may open it: \`sudo chown $USER ${path}\``;
}
