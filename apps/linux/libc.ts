/** Linux system calls through FFI: the only place of lightwire that calls the kernel past Deno (x86-64 and
 * arm64: little-endian, 8-byte pointers). Every struct that crosses is drawn beside its offsets.
 *
 * Lengths are passed as `u32` and results taken as `i32`, because 64-bit ones become bigints and cost a call's worth
 * of time again; addresses travel inside iovecs, which are written as two words, for the same reason.
 *
 * @module
 */

/** Non-blocking flag of `socket(2)` and `open(2)`. */
export const O_NONBLOCK = 0o4000;
/** Read and write flag of `open(2)`. */
export const O_RDWR = 2;
/** Close-on-exec flag of `open(2)`. */
export const O_CLOEXEC = 0o2000000;
/** Flag of `open(2)`: only a folder. */
export const O_DIRECTORY = Deno.build.arch === "aarch64" ? 0o40000 : 0o200000;
/** `flock(2)`: for one alone. */
export const LOCK_EX = 2;
/** `flock(2)`: do not wait. */
export const LOCK_NB = 4;
/** `poll(2)`: data to read. */
export const POLLIN = 1;
/** `poll(2)`: room to write. */
export const POLLOUT = 4;

/** `eventfd(2)` flags: close-on-exec and non-blocking. */
export const EFD_CLOEXEC_NONBLOCK = 0o2004000;

/** Error numbers the drivers tell apart. */
export const Errno = {
  EPERM: 1,
  ENOENT: 2,
  EIO: 5,
  ENXIO: 6,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EBUSY: 16,
  ENODEV: 19,
  EISDIR: 21,
  EINVAL: 22,
  ENOTTY: 25,
  ENETDOWN: 100,
  ENOBUFS: 105,
  EBADFD: 77,
  EINTR: 4,
  EAFNOSUPPORT: 97,
} as const;

const SYMBOLS = {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  open_mode: { name: "open", parameters: ["buffer", "i32", "u32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  write: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  statx: { parameters: ["i32", "buffer", "i32", "u32", "buffer"], result: "i32" },
  getdents64: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  readlink: { parameters: ["buffer", "buffer", "u32"], result: "i32" },
  realpath: { parameters: ["buffer", "buffer"], result: "pointer" },
  unlink: { parameters: ["buffer"], result: "i32" },
  flock: { parameters: ["i32", "i32"], result: "i32" },
  getpid: { parameters: [], result: "i32" },
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
