/** The settings of a terminal as {@linkcode TtySettings}: raw, 8 bits, no parity, any speed.
 *
 * @module
 */
import {
  BOTHER,
  CBAUD,
  CLOCAL,
  CREAD,
  CRTSCTS,
  CS8,
  CSIZE,
  CSTOPB,
  errno,
  errnoName,
  HUPCL,
  IBSHIFT,
  IGNBRK,
  libc,
  LinuxError,
  OPOST,
  PARENB,
  TCGETS2,
  TCSETS2,
  TERMIOS2,
  TERMIOS2_BYTES,
} from "@lightwire/app-linux";

/** How far the speed that a driver makes may lie from the one asked for: what start and stop bits still catch. */
const MAX_SPEED_ERROR = 0.03;
/** Fastest speed that can be asked for, in bits per second. */
export const MAX_BAUD_RATE = 4_000_000_000;

/** A `struct termios2`. */
export class TtySettings {
  readonly #view: DataView<ArrayBuffer>;

  private constructor(view: DataView<ArrayBuffer>) {
    this.#view = view;
  }

  /** Reads the settings of an open terminal.
   *
   * @throws {LinuxError} when the descriptor is no terminal, or has no hardware.
   */
  static read(fd: number): TtySettings {
    const memory = new Uint8Array(TERMIOS2_BYTES);
    if (libc().ioctl(fd, TCGETS2, memory) < 0) {
      throw new LinuxError(`The settings cannot be read (${errnoName(errno())})`, errno());
    }
    return new TtySettings(new DataView(memory.buffer));
  }

  /** Bits per second, towards the other side. */
  get baudRate(): number {
    return this.#view.getUint32(TERMIOS2.outputSpeed, true);
  }

  /** Whether RTS/CTS flow control is on. */
  get isRtsCts(): boolean {
    return (this.#view.getUint32(TERMIOS2.controlFlags, true) & CRTSCTS) !== 0;
  }

  /** Whether every octet passes as it is, both ways. */
  get isRaw(): boolean {
    const { inputFlags, outputFlags, localFlags } = TERMIOS2;
    return (this.#view.getUint32(inputFlags, true) & ~IGNBRK) === 0 &&
      (this.#view.getUint32(outputFlags, true) & OPOST) === 0 &&
      this.#view.getUint32(localFlags, true) === 0;
  }

  /** These settings with another speed. */
  withBaudRate(baud: number): TtySettings {
    const copy = new DataView(this.#view.buffer.slice(0));
    const control = copy.getUint32(TERMIOS2.controlFlags, true);
    const speed = BOTHER | (BOTHER << IBSHIFT);
    const others = control & ~(CBAUD | (CBAUD << IBSHIFT));
    copy.setUint32(TERMIOS2.controlFlags, (others | speed) >>> 0, true);
    copy.setUint32(TERMIOS2.inputSpeed, baud, true);
    copy.setUint32(TERMIOS2.outputSpeed, baud, true);
    return new TtySettings(copy);
  }

  /** Raw settings at a speed: 8 bits, no parity, one stop bit, no XON/XOFF, the carrier ignored, DTR lowered when we are gone. */
  toRaw(baud: number, flow: "none" | "rtscts"): TtySettings {
    const raw = this.withBaudRate(baud);
    const view = raw.#view;
    const speed = view.getUint32(TERMIOS2.controlFlags, true) & (CBAUD | (CBAUD << IBSHIFT));
    const others = view.getUint32(TERMIOS2.controlFlags, true) &
      ~(CBAUD | (CBAUD << IBSHIFT) | CSIZE | CSTOPB | PARENB | CRTSCTS);
    const wanted = CS8 | CREAD | HUPCL | CLOCAL | (flow === "rtscts" ? CRTSCTS : 0);
    view.setUint32(TERMIOS2.inputFlags, IGNBRK, true);
    view.setUint32(TERMIOS2.outputFlags, 0, true);
    view.setUint32(TERMIOS2.controlFlags, (others | speed | wanted) >>> 0, true);
    view.setUint32(TERMIOS2.localFlags, 0, true);
    // One character wakes the reader, none ends a read: an empty queue is EAGAIN, and 0 means hung up.
    view.setUint8(TERMIOS2.vmin, 1);
    view.setUint8(TERMIOS2.vtime, 0);
    return raw;
  }

  /** Gives a terminal these settings.
   *
   * @throws {LinuxError} when the driver refuses.
   */
  apply(fd: number): void {
    if (libc().ioctl(fd, TCSETS2, new Uint8Array(this.#view.buffer)) < 0) {
      throw new LinuxError(`The settings are refused (${errnoName(errno())})`, errno());
    }
  }

  /** Gives a terminal these settings, and sees whether it runs at their speed.
   *
   * @throws {RangeError} when the port cannot run at this speed; it keeps what it had.
   */
  applySpeed(fd: number, name: string): void {
    const before = TtySettings.read(fd);
    const wanted = this.baudRate;
    let made = 0;
    try {
      this.apply(fd);
      made = TtySettings.read(fd).baudRate;
    } catch (error) {
      if (!(error instanceof LinuxError)) throw error;
    }
    if (Math.abs(made - wanted) <= wanted * MAX_SPEED_ERROR) return;
    before.apply(fd);
    throw new RangeError(`${name} cannot run at ${wanted} bit/s${made > 0 ? `; nearest is ${made}` : ""}`);
  }
}

/** Checks a speed before it is given to a driver.
 *
 * @throws {RangeError} when it is no whole number from 1 to {@linkcode MAX_BAUD_RATE}.
 */
export function assertBaudRate(baud: number): void {
  if (Number.isInteger(baud) && baud > 0 && baud <= MAX_BAUD_RATE) return;
  throw new RangeError(`A speed is a whole number from 1 to ${MAX_BAUD_RATE} bit/s, not ${baud}`);
}
