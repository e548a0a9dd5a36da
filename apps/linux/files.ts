/** Looking around in `/dev`, `/proc` and `/sys`. Deno's own calls want all permissions for these folders; system calls, which a
 * program with `--allow-ffi` may make anyway, do not.
 *
 * @module
 */
import { cString, errno, libc, LinuxError, O_CLOEXEC, O_DIRECTORY } from "./libc.ts";

const READ_BYTES = 4096;
/** Longest file that {@linkcode readSmallFile} reads to its end, in bytes. */
const MAX_FILE_BYTES = 1 << 20;

/** What `statx(2)` says about a file. */
export interface FileStatus {
  /** Type and permission bits. */
  readonly mode: number;
  /** Owner. */
  readonly uid: number;
  /** Group. */
  readonly gid: number;
  /** Major number of the device that a special file stands for. */
  readonly deviceMajor: number;
  /** Minor number of it. */
  readonly deviceMinor: number;
}

/** Mask of the type in {@linkcode FileStatus.mode}. */
export const S_IFMT = 0o170000;
/** Type of a character device. */
export const S_IFCHR = 0o020000;

const AT_FDCWD = -100;
const STATX_BASIC_STATS = 0x7ff;
/* struct statx: 0 mask u32, 4 blksize u32, 8 attributes u64, 16 nlink u32, 20 uid u32, 24 gid u32, 28 mode u16, 32 ino u64, …,
   128 rdev_major u32, 132 rdev_minor u32, …; 256 bytes */
const STATX_BYTES = 256;

/** Asks what a path leads to. @returns `undefined` when it leads to nothing we may know of. */
export function statFile(path: string): FileStatus | undefined {
  const memory = new Uint8Array(STATX_BYTES);
  if (libc().statx(AT_FDCWD, cString(path), 0, STATX_BASIC_STATS, memory) < 0) return undefined;
  const view = new DataView(memory.buffer);
  return {
    mode: view.getUint16(28, true),
    uid: view.getUint32(20, true),
    gid: view.getUint32(24, true),
    deviceMajor: view.getUint32(128, true),
    deviceMinor: view.getUint32(132, true),
  };
}

/** Reads a file, as far as 1 MiB. @returns `undefined` when it cannot be read. */
export function readSmallFile(path: string): string | undefined {
  const fd = libc().open(cString(path), O_CLOEXEC);
  if (fd < 0) return undefined;
  const decoder = new TextDecoder();
  const memory = new Uint8Array(READ_BYTES);
  let text = "";
  try {
    while (text.length < MAX_FILE_BYTES) {
      const count = libc().read(fd, memory, READ_BYTES);
      if (count <= 0) break;
      text += decoder.decode(memory.subarray(0, count), { stream: true });
    }
  } finally {
    libc().close(fd);
  }
  return text;
}

/** Names in a folder, without `.` and `..`; none when it cannot be read. */
export function listNames(path: string): string[] {
  const fd = libc().open(cString(path), O_CLOEXEC | O_DIRECTORY);
  if (fd < 0) return [];
  const names: string[] = [];
  const decoder = new TextDecoder();
  const memory = new Uint8Array(4 * READ_BYTES);
  const view = new DataView(memory.buffer);
  try {
    for (;;) {
      const count = libc().getdents64(fd, memory, memory.length);
      if (count <= 0) break;
      // struct dirent64: 0 ino u64, 8 off i64, 16 reclen u16, 18 type u8, 19 name, zero-terminated
      for (let at = 0; at < count; at += view.getUint16(at + 16, true)) {
        const end = memory.indexOf(0, at + 19);
        const name = decoder.decode(memory.subarray(at + 19, end));
        if (name !== "." && name !== "..") names.push(name);
      }
    }
  } finally {
    libc().close(fd);
  }
  return names;
}

/** Where a symbolic link points. @returns `undefined` when it cannot be read. */
export function readLink(path: string): string | undefined {
  const memory = new Uint8Array(READ_BYTES);
  const count = libc().readlink(cString(path), memory, memory.length);
  return count < 0 ? undefined : new TextDecoder().decode(memory.subarray(0, count));
}

/** The path without links in it. @returns `undefined` when it leads nowhere. */
export function resolvePath(path: string): string | undefined {
  const memory = new Uint8Array(READ_BYTES);
  if (libc().realpath(cString(path), memory) === null) return undefined;
  return new TextDecoder().decode(memory.subarray(0, memory.indexOf(0)));
}

/** Writes a new file which must not exist.
 *
 * @returns Whether it was written; `false` when it exists.
 * @throws {LinuxError} when the folder does not take it.
 */
export function createFile(path: string, text: string): boolean {
  const bytes = new TextEncoder().encode(text);
  const fd = libc().open_mode(cString(path), O_CREATE_NEW, 0o644);
  if (fd < 0) {
    const code = errno();
    if (code === EEXIST) return false;
    throw new LinuxError(`Cannot create ${path}`, code);
  }
  libc().write(fd, bytes, bytes.length);
  libc().close(fd);
  return true;
}

/** Removes a file, if it is there. */
export function removeFile(path: string): void {
  libc().unlink(cString(path));
}

const EEXIST = 17;
/** O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC */
const O_CREATE_NEW = 0o1 | 0o100 | 0o200 | 0o2000000;
