/** {@linkcode SimulatedCable}: a serial cable with all its lines between a computer and a modem.
 *
 * @module
 */
import type { Random, Timer, TimerQueue } from "@lightwire/netif";
import type { SerialInputLines, SerialOutputLines, SerialPort, SerialSink } from "../serial_port.ts";
import { type LineImpairment, PacedPipe, type PipeListener } from "./paced_pipe.ts";

/** A modem's side of a line: a serial port, and the lines that a modem drives. */
export interface ModemLine extends SerialPort {
  /** Drives the lines towards the computer. A line without them ignores it. */
  setModemLines(lines: SerialInputLines): void;
}

/** Options of {@linkcode SimulatedCable}. */
export interface SimulatedCableOptions {
  /** Source of time. */
  readonly timers: TimerQueue;
  /** Source of time of the computer's end, where it is another: what reaches it comes from these. */
  readonly computerTimers?: TimerQueue;
  /** Noise, where the speeds differ. */
  readonly random: Random;
  /** Speed of the computer's end, in bits per second; default 115200. */
  readonly computerBaud?: number;
  /** Speed of the modem's end; the computer's by default. */
  readonly modemBaud?: number;
  /** Octets which an end holds for sending; default 4096. */
  readonly bufferBytes?: number;
}

const MAX_BAUD = 4_000_000;
/** Octets which an end holds for sending, by default: what Linux gives a tty. */
export const DEFAULT_CABLE_BUFFER_BYTES = 4096;

/** One end. */
class CableEnd implements ModemLine, PipeListener {
  readonly name: string;
  /** Whether it could take the speed of what it hears. */
  onMismatch: (baud: number, bytes: Uint8Array) => boolean = () => false;
  outbound!: PacedPipe;
  inbound!: PacedPipe;
  onOutputLines: (lines: SerialOutputLines) => void = () => {};
  onModemLines: (lines: SerialInputLines) => void = () => {};
  onClose: () => void = () => {};
  readonly #timer: Timer;
  #sink: SerialSink | undefined = undefined;
  #lines: SerialInputLines = { dcd: false, cts: false, dsr: false, ri: false };
  #isClosed = false;

  constructor(name: string, timers: TimerQueue) {
    this.name = name;
    // What the other side does to its lines is heard in a moment: nobody is called back from inside of his own call.
    this.#timer = timers.create(() => this.#sink?.serialLinesChanged(this.#lines));
  }

  get inputLines(): SerialInputLines {
    return this.#lines;
  }

  attach(sink: SerialSink): void {
    this.#sink = sink;
  }

  write(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
    return this.#isClosed ? 0 : this.outbound.write(bytes, start, end);
  }

  setBaudRate(baud: number): void {
    if (!(baud >= 50 && baud <= MAX_BAUD)) {
      throw new RangeError(`Cannot run ${this.name} at ${baud} baud: 50 to ${MAX_BAUD}`);
    }
    this.outbound.setSenderBaud(baud);
    this.inbound.setReceiverBaud(baud);
  }

  setOutputLines(lines: SerialOutputLines): void {
    if (!this.#isClosed) this.onOutputLines(lines);
  }

  setModemLines(lines: SerialInputLines): void {
    if (!this.#isClosed) this.onModemLines(lines);
  }

  discardOutput(): void {
    this.outbound.discard();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#sink = undefined;
    this.#timer.stop();
    this.outbound.discard();
    this.onClose();
  }

  /** The other side has changed the lines that come in here. */
  takeLines(lines: SerialInputLines): void {
    const old = this.#lines;
    if (
      old.dcd === lines.dcd && old.cts === lines.cts && old.dsr === lines.dsr && old.ri === lines.ri
    ) return;
    this.#lines = lines;
    if (!this.#isClosed) this.#timer.start(0);
  }

  /** The cable is unplugged. */
  unplug(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer.stop();
    this.outbound.discard();
    this.#sink?.serialClosed(undefined);
    this.#sink = undefined;
  }

  pipeInput(bytes: Uint8Array): void {
    this.#sink?.serialInput(bytes);
  }

  pipeWritable(): void {
    this.#sink?.serialWritable();
  }

  pipeMismatch(baud: number, bytes: Uint8Array): boolean {
    return this.onMismatch(baud, bytes);
  }
}

/** Two ports with a cable between them, which run at the speeds that each of them is set to. DTR of the computer is heard by
 * the modem as `dsr`, RTS as `cts`; the modem drives DCD, CTS, DSR and RI. */
export class SimulatedCable {
  /** The computer's port. */
  readonly computer: SerialPort;
  /** The modem's. */
  readonly modem: ModemLine;
  readonly #toModem: PacedPipe;
  readonly #toComputer: PacedPipe;
  readonly #modemEnd: CableEnd;

  /** Plugs a cable in. The computer's DTR and RTS are on: ports switch them on when they are opened. */
  constructor(options: SimulatedCableOptions) {
    const { timers, random, computerBaud = 115200, modemBaud = computerBaud } = options;
    const capacity = options.bufferBytes ?? DEFAULT_CABLE_BUFFER_BYTES;
    const computerTimers = options.computerTimers ?? timers;
    const computer = new CableEnd("simulated modem", computerTimers);
    const modem = new CableEnd("simulated modem's side", timers);
    const heardBy = (end: CableEnd, other: CableEnd): PipeListener => ({
      pipeInput: (bytes) => end.pipeInput(bytes),
      pipeMismatch: (baud, bytes) => end.pipeMismatch(baud, bytes),
      pipeWritable: () => other.pipeWritable(),
    });
    this.#toModem = new PacedPipe(timers, random, heardBy(modem, computer), computerBaud, capacity);
    this.#toComputer = new PacedPipe(computerTimers, random, heardBy(computer, modem), modemBaud, capacity);
    computer.outbound = modem.inbound = this.#toModem;
    modem.outbound = computer.inbound = this.#toComputer;
    this.#toModem.setReceiverBaud(modemBaud);
    this.#toComputer.setReceiverBaud(computerBaud);
    computer.onOutputLines = ({ dtr, rts }) => modem.takeLines({ dcd: dtr, dsr: dtr, cts: rts, ri: false });
    modem.onModemLines = (lines) => computer.takeLines(lines);
    computer.onClose = () => modem.takeLines({ dcd: false, dsr: false, cts: false, ri: false });
    modem.onClose = () => computer.unplug();
    modem.takeLines({ dcd: true, dsr: true, cts: true, ri: false });
    this.computer = computer;
    this.modem = modem;
    this.#modemEnd = modem;
  }

  /** Octets that have arrived at the modem, and at the computer. */
  get delivered(): { readonly toModem: number; readonly toComputer: number } {
    return { toModem: this.#toModem.delivered, toComputer: this.#toComputer.delivered };
  }

  /** Lets the modem hear a speed which is not its own; it may then change to it. */
  onModemMismatch(handler: (baud: number, bytes: Uint8Array) => boolean): void {
    this.#modemEnd.onMismatch = handler;
  }

  /** Puts something between the two ends.
   *
   * @param toModem What happens to the computer's octets.
   * @param toComputer What happens to the modem's.
   */
  impair(toModem: LineImpairment | undefined, toComputer: LineImpairment | undefined): void {
    this.#toModem.impairment = toModem;
    this.#toComputer.impairment = toComputer;
  }
}

/** Makes a modem's line of a serial port that has a modem on its end: DCD is driven as DTR, as over a null-modem cable. */
export function modemLineOf(port: SerialPort): ModemLine {
  return {
    name: port.name,
    get inputLines(): SerialInputLines | undefined {
      return port.inputLines;
    },
    attach: (sink) => port.attach(sink),
    write: (bytes, start, end) => port.write(bytes, start, end),
    setBaudRate: (baud) => port.setBaudRate(baud),
    setOutputLines: (lines) => port.setOutputLines(lines),
    setModemLines: ({ dcd, cts }) => port.setOutputLines({ dtr: dcd, rts: cts }),
    discardOutput: () => port.discardOutput(),
    close: () => port.close(),
  };
}
