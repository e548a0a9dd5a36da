/** {@linkcode TtyLines}: the connector of a serial port beside its data: modem lines, error counters, latency.
 *
 * @module
 */
import type { SerialInputLines, SerialOutputLines } from "@lightwire/ppp";
import {
  ASYNC_LOW_LATENCY,
  libc,
  SERIAL_ICOUNTER,
  SERIAL_ICOUNTER_BYTES,
  SERIAL_STRUCT,
  SERIAL_STRUCT_BYTES,
  TIOCGICOUNT,
  TIOCGSERIAL,
  TIOCM_CAR,
  TIOCM_CTS,
  TIOCM_DSR,
  TIOCM_DTR,
  TIOCM_RNG,
  TIOCM_RTS,
  TIOCMGET,
  TIOCMSET,
  TIOCSSERIAL,
} from "@lightwire/app-linux";

/** Characters lost on the line or in the driver. */
export interface SerialLineErrors {
  /** The hardware had no room: the machine was late, or flow control is missing. */
  readonly overrun: number;
  /** The driver had no room. */
  readonly bufferOverrun: number;
  /** No stop bit: another speed, or noise. */
  readonly frame: number;
  /** Wrong parity. */
  readonly parity: number;
  /** Breaks. */
  readonly break: number;
}

const INPUT_LINES = TIOCM_CAR | TIOCM_CTS | TIOCM_DSR | TIOCM_RNG;

/** Lines, counters and latency of one descriptor. */
export class TtyLines {
  readonly #fd: number;
  readonly #memory = new Uint8Array(4);
  readonly #view = new DataView(this.#memory.buffer);
  readonly #errorsAtOpen: SerialLineErrors | undefined;
  #input: SerialInputLines | undefined = undefined;
  #state = 0;
  #isLatencyLowered: boolean;

  /** Reads the state, and asks the driver for low latency.
   *
   * @param fd An open terminal, with or without lines.
   */
  constructor(fd: number) {
    this.#fd = fd;
    if (this.#read()) this.#note();
    this.#errorsAtOpen = this.#count();
    this.#isLatencyLowered = this.#setLowLatency(true);
  }

  /** Present state, as of the last {@linkcode poll}; `undefined` when the device has no lines. */
  get input(): SerialInputLines | undefined {
    return this.#input;
  }

  /** Looks at the lines. @returns whether one changed. */
  poll(): boolean {
    const before = this.#state;
    if (this.#input === undefined || !this.#read() || this.#state === before) return false;
    this.#note();
    return true;
  }

  /** Drives our lines; RTS is the driver's under RTS/CTS flow control. */
  setOutput(lines: SerialOutputLines, isRtsCts: boolean): void {
    if (libc().ioctl(this.#fd, TIOCMGET, this.#memory) < 0) return;
    let state = this.#view.getUint32(0, true) & ~TIOCM_DTR;
    if (lines.dtr) state |= TIOCM_DTR;
    if (!isRtsCts) state = lines.rts ? state | TIOCM_RTS : state & ~TIOCM_RTS;
    this.#view.setUint32(0, state >>> 0, true);
    libc().ioctl(this.#fd, TIOCMSET, this.#memory);
  }

  /** What was lost since the port was opened; `undefined` when the driver does not count. */
  errors(): SerialLineErrors | undefined {
    const now = this.#count();
    const then = this.#errorsAtOpen;
    if (now === undefined || then === undefined) return undefined;
    return {
      overrun: now.overrun - then.overrun,
      bufferOverrun: now.bufferOverrun - then.bufferOverrun,
      frame: now.frame - then.frame,
      parity: now.parity - then.parity,
      break: now.break - then.break,
    };
  }

  /** Gives the driver its latency back. */
  restore(): void {
    if (this.#isLatencyLowered) this.#setLowLatency(false);
    this.#isLatencyLowered = false;
  }

  #read(): boolean {
    if (libc().ioctl(this.#fd, TIOCMGET, this.#memory) < 0) return false;
    this.#state = this.#view.getUint32(0, true) & INPUT_LINES;
    return true;
  }

  #note(): void {
    this.#input = {
      dcd: (this.#state & TIOCM_CAR) !== 0,
      cts: (this.#state & TIOCM_CTS) !== 0,
      dsr: (this.#state & TIOCM_DSR) !== 0,
      ri: (this.#state & TIOCM_RNG) !== 0,
    };
  }

  #count(): SerialLineErrors | undefined {
    const memory = new Uint8Array(SERIAL_ICOUNTER_BYTES);
    if (libc().ioctl(this.#fd, TIOCGICOUNT, memory) < 0) return undefined;
    const view = new DataView(memory.buffer);
    const at = (offset: number): number => view.getInt32(offset, true);
    return {
      overrun: at(SERIAL_ICOUNTER.overrun),
      bufferOverrun: at(SERIAL_ICOUNTER.bufferOverrun),
      frame: at(SERIAL_ICOUNTER.frame),
      parity: at(SERIAL_ICOUNTER.parity),
      break: at(SERIAL_ICOUNTER.break),
    };
  }

  /** @returns whether the flag was changed. */
  #setLowLatency(isLow: boolean): boolean {
    const memory = new Uint8Array(SERIAL_STRUCT_BYTES);
    if (libc().ioctl(this.#fd, TIOCGSERIAL, memory) < 0) return false;
    const view = new DataView(memory.buffer);
    const flags = view.getInt32(SERIAL_STRUCT.flags, true);
    const wanted = isLow ? flags | ASYNC_LOW_LATENCY : flags & ~ASYNC_LOW_LATENCY;
    if (wanted === flags) return false;
    view.setInt32(SERIAL_STRUCT.flags, wanted, true);
    return libc().ioctl(this.#fd, TIOCSSERIAL, memory) >= 0;
  }
}
