/** What terminals and serial ports of Linux take: numbers and struct layouts (the generic ones: x86-64, arm64).
 *
 * @module
 */

/** Flag of `open(2)`: the terminal does not become the controlling one. */
export const O_NOCTTY = 0o400;

/** Reads a `struct termios2`. */
export const TCGETS2 = 0x802c542a;
/** Writes a `struct termios2` at once. */
export const TCSETS2 = 0x402c542b;
/** Flushes queues; argument by value, {@linkcode TCIFLUSH} or {@linkcode TCOFLUSH}. */
export const TCFLSH = 0x540b;
/** Argument of {@linkcode TCFLSH}: what was received and not read. */
export const TCIFLUSH = 0;
/** Argument of {@linkcode TCFLSH}: what was written and not sent. */
export const TCOFLUSH = 1;
/** Refuses further opens (except of root). */
export const TIOCEXCL = 0x540c;
/** Ends {@linkcode TIOCEXCL}. */
export const TIOCNXCL = 0x540d;
/** Octets written and not sent; argument `int *`. */
export const TIOCOUTQ = 0x5411;
/** Reads the modem lines; argument `int *`. */
export const TIOCMGET = 0x5415;
/** Writes the modem lines; argument `int *`. */
export const TIOCMSET = 0x5418;
/** Reads a `struct serial_struct`. */
export const TIOCGSERIAL = 0x541e;
/** Writes a `struct serial_struct`. */
export const TIOCSSERIAL = 0x541f;
/** Reads a `struct serial_icounter_struct`. */
export const TIOCGICOUNT = 0x545d;
/** Number of the pseudo-terminal of a master; argument `int *`. */
export const TIOCGPTN = 0x80045430;
/** Locks or unlocks the slave of a master; argument `int *`. */
export const TIOCSPTLCK = 0x40045431;

/** Modem line: data terminal ready. */
export const TIOCM_DTR = 0x002;
/** Modem line: request to send. */
export const TIOCM_RTS = 0x004;
/** Modem line: clear to send. */
export const TIOCM_CTS = 0x020;
/** Modem line: data carrier detect. */
export const TIOCM_CAR = 0x040;
/** Modem line: ring indicator. */
export const TIOCM_RNG = 0x080;
/** Modem line: data set ready. */
export const TIOCM_DSR = 0x100;

/** Control flag: mask of the speed. */
export const CBAUD = 0o010017;
/** Control flag: the speed is the number in `c_ospeed`. */
export const BOTHER = 0o010000;
/** How far left the input speed's bits of {@linkcode CBAUD} stand. */
export const IBSHIFT = 16;
/** Control flag: mask of the character size. */
export const CSIZE = 0o60;
/** Control flag: 8 bits a character. */
export const CS8 = 0o60;
/** Control flag: two stop bits. */
export const CSTOPB = 0o100;
/** Control flag: receive. */
export const CREAD = 0o200;
/** Control flag: parity. */
export const PARENB = 0o400;
/** Control flag: lower DTR at the last close. */
export const HUPCL = 0o2000;
/** Control flag: the carrier means nothing. */
export const CLOCAL = 0o4000;
/** Control flag: RTS/CTS flow control. */
export const CRTSCTS = 0o20000000000;
/** Input flag: a break is no character. */
export const IGNBRK = 0o1;
/** Output flag: any processing at all. */
export const OPOST = 0o1;

/** Bytes of a `struct termios2`.
 *
 * ```text
 *  0 c_iflag u32   4 c_oflag u32   8 c_cflag u32   12 c_lflag u32
 * 16 c_line u8    17 c_cc[19] u8  36 c_ispeed u32  40 c_ospeed u32
 * ```
 */
export const TERMIOS2_BYTES = 44;
/** Offsets in a `struct termios2`. */
export const TERMIOS2 = {
  inputFlags: 0,
  outputFlags: 4,
  controlFlags: 8,
  localFlags: 12,
  /** `c_cc[VTIME]`: tenths of a second. */
  vtime: 17 + 5,
  /** `c_cc[VMIN]`: characters. */
  vmin: 17 + 6,
  inputSpeed: 36,
  outputSpeed: 40,
} as const;

/** Bytes of a `struct serial_struct`.
 *
 * ```text
 *  0 type i32        4 line i32           8 port u32        12 irq i32        16 flags i32
 * 20 fifo size i32  24 custom divisor i32 28 baud base i32  32 close delay u16
 * 34 io type u8     36 hub6 i32           40 closing waits 2 × u16
 * 48 iomem base *   56 reg shift u16      60 port high u32  64 iomap base u64
 * ```
 */
export const SERIAL_STRUCT_BYTES = 72;
/** Offsets in a `struct serial_struct`. */
export const SERIAL_STRUCT = { type: 0, flags: 16 } as const;
/** Type in a `struct serial_struct`: no hardware behind the name. */
export const PORT_UNKNOWN = 0;
/** Flag in a `struct serial_struct`: hand received characters on at once. */
export const ASYNC_LOW_LATENCY = 1 << 13;

/** Bytes of a `struct serial_icounter_struct`: 20 × i32. */
export const SERIAL_ICOUNTER_BYTES = 80;
/** Offsets in a `struct serial_icounter_struct`, after the four line changes, rx and tx. */
export const SERIAL_ICOUNTER = { frame: 24, overrun: 28, parity: 32, break: 36, bufferOverrun: 40 } as const;
