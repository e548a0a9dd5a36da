/** Data plane. {@linkcode TtyPort}: a terminal of Linux as a serial port: one descriptor, read in the caller's thread, and a worker that
 * sleeps for it. Nothing runs while nothing comes in, apart from a look at the modem lines where there are any.
 *
 * @module
 */
import type { SerialInputLines, SerialOutputLines, SerialPort, SerialSink } from "@lightwire/ppp";
import {
  Errno,
  errno,
  errnoName,
  libc,
  ReadinessWaiter,
  TCFLSH,
  TCOFLUSH,
  TIOCOUTQ,
} from "@lightwire/app-linux";
import { guardExit } from "./exit_guard.ts";
import { type SerialLineErrors, TtyLines } from "./tty_lines.ts";
import { assertBaudRate, type TtySettings } from "./tty_settings.ts";

/** Octets of one read; a terminal of Linux keeps 4095 at most. */
const READ_BYTES = 4096;
/** Reads before other work of the program gets its turn. */
const READS_IN_A_ROW = 8;
/** How often the modem lines are looked at, in milliseconds. */
export const LINES_INTERVAL_MS = 50;
/** Reads closer together than this belong to one stream of data. */
const BUSY_GAP_MS = 5;
/** Reads in a row that are a stream. */
const BUSY_READS = 8;
/** How long a stream gathers between two reads; 921,600 bit/s fill 920 octets of the 4095 in this time. */
const GATHER_MS = 10;
/** How long what was taken may go on leaving after {@linkcode TtyPort.close}, and before a change of speed, in milliseconds. */
const DRAIN_MS = 500;
const DRAIN_INTERVAL_MS = 5;

/** What happened on a {@linkcode TtyPort}. */
export interface TtyPortCounters {
  /** Octets received. */
  octetsReceived: number;
  /** Octets the kernel took. */
  octetsSent: number;
  /** Writes of which the kernel took a part or nothing. */
  writesBlocked: number;
  /** Times the receive loop was woken. */
  wakeUps: number;
}

/** A serial port of Linux, or a pseudo-terminal. */
export class TtyPort implements SerialPort {
  /** {@inheritDoc SerialPort.name} */
  readonly name: string;
  /** What happened so far. */
  readonly counters: TtyPortCounters;
  readonly #fd: number;
  readonly #lines: TtyLines;
  readonly #original: TtySettings;
  readonly #release: () => void;
  readonly #unguard: () => void;
  readonly #waiter: ReadinessWaiter;
  readonly #buffer: Uint8Array<ArrayBuffer>;
  readonly #outstanding: Uint8Array<ArrayBuffer>;
  #settings: TtySettings;
  #nextSettings: TtySettings | undefined;
  #sink: SerialSink | undefined;
  #linesTimer: ReturnType<typeof setInterval> | undefined;
  #busyReads: number;
  #lastReadAt: number;
  #isBlocked: boolean;
  #isClosed: boolean;
  #isLost: boolean;
  #isRestored: boolean;
  #loop: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  /** Takes over an open terminal; {@linkcode close} closes it.
   *
   * @param o `fd` is non-blocking. `original` is what the terminal gets back, `settings` what it has now. `release` is called when
   * the port is closed, before the descriptor is, for locks.
   */
  constructor(
    o: { name: string; fd: number; original: TtySettings; settings: TtySettings; release: () => void },
  ) {
    this.name = o.name;
    this.counters = { octetsReceived: 0, octetsSent: 0, writesBlocked: 0, wakeUps: 0 };
    this.#fd = o.fd;
    this.#original = o.original;
    this.#settings = o.settings;
    this.#release = o.release;
    this.#lines = new TtyLines(o.fd);
    this.#waiter = new ReadinessWaiter(o.fd);
    this.#buffer = new Uint8Array(READ_BYTES);
    this.#outstanding = new Uint8Array(4);
    this.#nextSettings = undefined;
    this.#sink = undefined;
    this.#linesTimer = undefined;
    this.#busyReads = 0;
    this.#lastReadAt = 0;
    this.#isBlocked = false;
    this.#isClosed = false;
    this.#isLost = false;
    this.#isRestored = false;
    this.#loop = undefined;
    this.#closed = undefined;
    this.#unguard = guardExit(() => this.#restore());
  }

  /** {@inheritDoc SerialPort.inputLines} */
  get inputLines(): SerialInputLines | undefined {
    return this.#lines.input;
  }

  /** Bits per second that the driver makes. */
  get baudRate(): number {
    return this.#settings.baudRate;
  }

  /** Characters which the hardware or the driver lost since the port was opened. @returns `undefined` when the driver does not count. */
  lineErrors(): SerialLineErrors | undefined {
    return this.#lines.errors();
  }

  /** {@inheritDoc SerialPort.attach} */
  attach(sink: SerialSink): void {
    this.#sink = sink;
    if (this.#loop !== undefined || this.#isClosed) return;
    this.#loop = this.#receiveLoop();
    if (this.#lines.input !== undefined) {
      this.#linesTimer = setInterval(() => this.#checkLines(), LINES_INTERVAL_MS);
      Deno.unrefTimer(this.#linesTimer);
    }
  }

  /** {@inheritDoc SerialPort.write} */
  write(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
    if (this.#isClosed || this.#isLost || start >= end) return 0;
    let at = start;
    while (at < end && this.#nextSettings === undefined) {
      // One view a write, which carries many packets.
      const rest = at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end);
      const count = libc().write(this.#fd, rest as Uint8Array<ArrayBuffer>, end - at);
      if (count > 0) at += count;
      else if (count < 0 && errno() === Errno.EINTR) continue;
      else break;
    }
    this.counters.octetsSent += at - start;
    if (at < end) {
      this.counters.writesBlocked++;
      this.#isBlocked = true;
      // The waiter sleeps for input alone until now.
      if (this.#nextSettings === undefined) this.#waiter.wake();
    }
    return at - start;
  }

  /** {@inheritDoc SerialPort.setBaudRate} While octets of the old speed leave, {@linkcode write} takes none. */
  setBaudRate(baud: number): void {
    assertBaudRate(baud);
    if (this.#isClosed || this.#isLost) return;
    const next = this.#settings.withBaudRate(baud);
    if (this.#outputOctets() === 0) return this.#changeSettings(next);
    this.#nextSettings = next;
    void this.#drain().then(() => {
      this.#nextSettings = undefined;
      if (this.#isClosed || this.#isLost) return;
      try {
        this.#changeSettings(next);
      } catch {
        // The speed stays as it was, which the other side will not answer at: nobody is left to be told here.
      }
      this.#waiter.wake();
    });
  }

  /** {@inheritDoc SerialPort.setOutputLines} */
  setOutputLines(lines: SerialOutputLines): void {
    if (!this.#isClosed) this.#lines.setOutput(lines, this.#settings.isRtsCts);
  }

  /** {@inheritDoc SerialPort.discardOutput} */
  discardOutput(): void {
    if (!this.#isClosed) libc().ioctl_value(this.#fd, TCFLSH, TCOFLUSH);
  }

  /** {@inheritDoc SerialPort.close} */
  close(): void {
    void this.closeAndWait();
  }

  /** Closes, and resolves when what was taken has left (half a second at most), the terminal has its settings back and is closed. */
  closeAndWait(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    this.#sink = undefined;
    clearInterval(this.#linesTimer);
    if (!this.#isLost) await this.#drain();
    await this.#waiter.close();
    await this.#loop;
    this.#restore();
    this.#unguard();
    libc().close(this.#fd);
  }

  /** Puts everything back. Synchronous: it also runs when the program ends. */
  #restore(): void {
    if (this.#isRestored) return;
    this.#isRestored = true;
    // The last close of a terminal waits for its output, half a minute if need be.
    libc().ioctl_value(this.#fd, TCFLSH, TCOFLUSH);
    this.#lines.restore();
    try {
      this.#original.apply(this.#fd);
    } catch {
      // A terminal that was unplugged has no settings.
    }
    this.#release();
  }

  async #drain(): Promise<void> {
    for (let waited = 0; waited < DRAIN_MS && this.#outputOctets() > 0; waited += DRAIN_INTERVAL_MS) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_INTERVAL_MS));
    }
  }

  /** Octets that are taken and not sent; 0 where the driver does not say. */
  #outputOctets(): number {
    const memory = this.#outstanding;
    if (libc().ioctl(this.#fd, TIOCOUTQ, memory) < 0) return 0;
    return memory[0]! | (memory[1]! << 8) | (memory[2]! << 16);
  }

  #changeSettings(next: TtySettings): void {
    next.applySpeed(this.#fd, this.name);
    this.#settings = next;
  }

  #checkLines(): void {
    if (this.#isClosed || this.#isLost || !this.#lines.poll()) return;
    this.#sink!.serialLinesChanged(this.#lines.input!);
  }

  async #receiveLoop(): Promise<void> {
    // Nothing is handed up inside of attach().
    await Promise.resolve();
    while (!this.#isClosed) {
      const before = this.counters.octetsReceived;
      const isMore = this.#receive();
      if (this.#isLost || this.#isClosed) return;
      const isIdle = this.counters.octetsReceived === before;
      if (isMore || (this.#isStreaming(isIdle) && !this.#isBlocked)) {
        // Room to write is used at once, for 256 octets are left when it is told; a stream is read from time to time.
        await new Promise((resolve) => setTimeout(resolve, isMore ? 0 : GATHER_MS));
        continue;
      }
      const wantsWrite = this.#isBlocked && this.#nextSettings === undefined;
      await this.#waiter.wait(wantsWrite);
      this.counters.wakeUps++;
      if (wantsWrite && !this.#isClosed) this.#unblock();
    }
  }

  /** Reads what there is. @returns whether there may be more. */
  #receive(): boolean {
    const buffer = this.#buffer;
    for (let reads = 0; reads < READS_IN_A_ROW; reads++) {
      const count = libc().read(this.#fd, buffer, READ_BYTES);
      if (count > 0) {
        this.counters.octetsReceived += count;
        this.#sink!.serialInput(buffer.subarray(0, count));
        if (this.#isClosed) return false;
        continue;
      }
      const code = count < 0 ? errno() : 0;
      if (code === Errno.EAGAIN) return false;
      if (code === Errno.EINTR) continue;
      this.#lose(code);
      return false;
    }
    return true;
  }

  /** Whether input comes as a stream, of which one read may take more than one wake-up brings.
   *
   * @param isIdle Whether nothing had come.
   */
  #isStreaming(isIdle: boolean): boolean {
    if (isIdle) return false;
    const now = performance.now();
    this.#busyReads = now - this.#lastReadAt < BUSY_GAP_MS + GATHER_MS ? this.#busyReads + 1 : 0;
    this.#lastReadAt = now;
    return this.#busyReads >= BUSY_READS;
  }

  #unblock(): void {
    if (!this.#isBlocked || this.#nextSettings !== undefined) return;
    this.#isBlocked = false;
    this.#sink!.serialWritable();
  }

  #lose(code: number): void {
    this.#isLost = true;
    clearInterval(this.#linesTimer);
    // End of file and EIO are what a hang-up looks like: unplugged, or the other end of a pseudo-terminal closed.
    const isHangUp = code === 0 || code === Errno.EIO;
    const text = isHangUp ? "hung up: unplugged, or closed at the other end" : `failed (${errnoName(code)})`;
    this.#sink!.serialClosed(new Error(`${this.name} ${text}`));
  }
}
