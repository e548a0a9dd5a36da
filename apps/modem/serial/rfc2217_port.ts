/** {@linkcode Rfc2217Port}: a serial port of another machine with its speed and its lines (RFC 2217), as `ser2net` and terminal
 * servers offer it.
 *
 * @module
 */
import type { SerialInputLines, SerialOutputLines, SerialPort, SerialSink } from "@lightwire/ppp";
import {
  COM_PORT,
  CONTROL,
  emitBaudRate,
  emitComPortSettings,
  emitControl,
  emitPurge,
  OPTION_BINARY,
  OPTION_COM_PORT,
  OPTION_SUPPRESS_GO_AHEAD,
  parseModemState,
  SERVER_OFFSET,
} from "./com_port_option.ts";
import { TcpStream, type TcpStreamOwner } from "./tcp_stream.ts";
import {
  DO,
  DONT,
  emitNegotiation,
  escapeTelnet,
  TelnetDecoder,
  type TelnetSink,
  WILL,
  WONT,
} from "./telnet_codec.ts";
import { assertBaudRate } from "./tty_settings.ts";

/** Octets of data escaped at once. */
const ESCAPE_BYTES = 4096;
/** Room in the queue that data leaves to commands; each of them has 13 octets at most. */
const COMMAND_ROOM = 1024;
/** Octets kept that arrived before anybody was attached. */
const EARLY_BYTES = 65536;
const SUPPORTED = new Set([OPTION_BINARY, OPTION_SUPPRESS_GO_AHEAD, OPTION_COM_PORT]);

/** A serial port behind a Telnet server. */
export class Rfc2217Port implements SerialPort, TcpStreamOwner, TelnetSink {
  /** {@inheritDoc SerialPort.name} */
  readonly name: string;
  /** Resolves when the server has agreed to control its port and confirmed the speed; rejects when it does not. */
  readonly ready: Promise<void>;
  readonly #stream: TcpStream;
  readonly #decoder: TelnetDecoder;
  readonly #escaped: Uint8Array<ArrayBuffer>;
  readonly #flow: "none" | "rtscts";
  readonly #baudRate: number;
  #settled: { resolve(): void; reject(error: Error): void } | undefined;
  #sink: SerialSink | undefined;
  #lines: SerialInputLines | undefined;
  #early: Uint8Array[];
  #earlyBytes: number;
  #earlyEnd: { error: Error | undefined } | undefined;
  #isOurBinary: boolean;
  #isSuspended: boolean;
  #isClosed: boolean;

  /** Takes the connection over and begins to negotiate. */
  constructor(name: string, connection: Deno.Conn, o: { baudRate: number; flow: "none" | "rtscts" }) {
    assertBaudRate(o.baudRate);
    this.name = name;
    this.#stream = new TcpStream(connection, this);
    this.#decoder = new TelnetDecoder(this);
    this.#decoder.isText = true;
    this.#escaped = new Uint8Array(2 * ESCAPE_BYTES);
    this.#flow = o.flow;
    this.#baudRate = o.baudRate;
    this.#settled = undefined;
    this.#sink = undefined;
    this.#lines = undefined;
    this.#early = [];
    this.#earlyBytes = 0;
    this.#earlyEnd = undefined;
    this.#isOurBinary = false;
    this.#isSuspended = false;
    this.#isClosed = false;
    this.ready = new Promise((resolve, reject) => this.#settled = { resolve, reject });
    for (const option of SUPPORTED) this.#command(emitNegotiation(WILL, option));
    this.#command(emitNegotiation(DO, OPTION_BINARY));
    this.#command(emitNegotiation(DO, OPTION_SUPPRESS_GO_AHEAD));
    this.#stream.start();
  }

  /** {@inheritDoc SerialPort.inputLines} Known when the server has told them for the first time. */
  get inputLines(): SerialInputLines | undefined {
    return this.#lines;
  }

  /** {@inheritDoc SerialPort.attach} */
  attach(sink: SerialSink): void {
    this.#sink = sink;
    if (this.#early.length > 0 || this.#earlyEnd !== undefined) queueMicrotask(() => this.#handUpEarly());
  }

  /** {@inheritDoc SerialPort.write} */
  write(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
    let at = start;
    while (at < end && !this.#isSuspended) {
      // Every octet may become two.
      const room = Math.min((this.#stream.room - COMMAND_ROOM) >> 1, ESCAPE_BYTES);
      if (room <= 0) break;
      const stop = Math.min(end, at + room);
      const both = escapeTelnet(bytes, at, stop, this.#escaped, !this.#isOurBinary);
      this.#stream.write(this.#escaped, 0, both & 0xffff);
      at += Math.floor(both / 65536);
    }
    if (at < end) this.#stream.wantRoom();
    return at - start;
  }

  /** {@inheritDoc SerialPort.setBaudRate} The server sends what it has at the old speed or the new one, as it likes. */
  setBaudRate(baud: number): void {
    assertBaudRate(baud);
    this.#command(emitBaudRate(baud));
  }

  /** {@inheritDoc SerialPort.setOutputLines} */
  setOutputLines(lines: SerialOutputLines): void {
    this.#command(emitControl(lines.dtr ? CONTROL.dtrOn : CONTROL.dtrOff));
    if (this.#flow === "none") this.#command(emitControl(lines.rts ? CONTROL.rtsOn : CONTROL.rtsOff));
  }

  /** {@inheritDoc SerialPort.discardOutput} The server's queue; what waits here is on its way there before the command. */
  discardOutput(): void {
    this.#command(emitPurge());
  }

  /** {@inheritDoc SerialPort.close} */
  close(): void {
    void this.closeAndWait();
  }

  /** Closes, and resolves when what was taken has left (half a second at most). */
  async closeAndWait(): Promise<void> {
    this.#isClosed = true;
    this.#sink = undefined;
    this.#fail("closed");
    await this.#stream.closeAndWait();
  }

  /** {@inheritDoc TcpStreamOwner.streamInput} */
  streamInput(bytes: Uint8Array): void {
    this.#decoder.input(bytes);
  }

  /** {@inheritDoc TcpStreamOwner.streamWritable} */
  streamWritable(): void {
    if (!this.#isSuspended) this.#sink?.serialWritable();
  }

  /** {@inheritDoc TcpStreamOwner.streamClosed} */
  streamClosed(error: Error | undefined): void {
    this.#fail("closed the connection");
    if (this.#sink !== undefined) this.#sink.serialClosed(error);
    else this.#earlyEnd = { error };
  }

  /** {@inheritDoc TelnetSink.telnetData} */
  telnetData(bytes: Uint8Array, start: number, end: number): void {
    if (this.#isClosed) return;
    if (this.#sink !== undefined && this.#early.length === 0) {
      this.#sink.serialInput(end - start === bytes.length ? bytes : bytes.subarray(start, end));
    } else if (this.#earlyBytes + (end - start) <= EARLY_BYTES) {
      this.#early.push(bytes.slice(start, end));
      this.#earlyBytes += end - start;
    }
  }

  /** {@inheritDoc TelnetSink.telnetNegotiation} */
  telnetNegotiation(command: number, option: number): void {
    const isSupported = SUPPORTED.has(option);
    if (command === WILL) {
      if (!isSupported) this.#command(emitNegotiation(DONT, option));
      else if (option === OPTION_BINARY) this.#decoder.isText = false;
    } else if (command === DO) {
      if (!isSupported) this.#command(emitNegotiation(WONT, option));
      else if (option === OPTION_BINARY) this.#isOurBinary = true;
      else if (option === OPTION_COM_PORT) this.#configure();
    } else if (command === DONT && option === OPTION_COM_PORT) {
      this.#fail("does not let its port be controlled");
    }
  }

  /** {@inheritDoc TelnetSink.telnetSubnegotiation} */
  telnetSubnegotiation(option: number, payload: Uint8Array): void {
    if (option !== OPTION_COM_PORT || payload.length === 0) return;
    switch (payload[0]! - SERVER_OFFSET) {
      case COM_PORT.setBaudRate:
        this.#settled?.resolve();
        this.#settled = undefined;
        return;
      case COM_PORT.notifyModemState:
        if (payload.length >= 2) this.#noteLines(parseModemState(payload[1]!));
        return;
      case COM_PORT.flowControlSuspend:
        this.#isSuspended = true;
        return;
      case COM_PORT.flowControlResume:
        this.#isSuspended = false;
        this.#sink?.serialWritable();
    }
  }

  #configure(): void {
    for (const command of emitComPortSettings(this.#baudRate, this.#flow)) this.#command(command);
    this.setOutputLines({ dtr: true, rts: true });
  }

  #noteLines(lines: SerialInputLines): void {
    const before = this.#lines;
    this.#lines = lines;
    const isSame = before !== undefined && before.dcd === lines.dcd && before.cts === lines.cts &&
      before.dsr === lines.dsr && before.ri === lines.ri;
    if (!isSame) this.#sink?.serialLinesChanged(lines);
  }

  #command(bytes: Uint8Array): void {
    // A part of a command would be taken for data.
    if (this.#stream.room >= bytes.length) this.#stream.write(bytes, 0, bytes.length);
  }

  #handUpEarly(): void {
    while (this.#early.length > 0 && this.#sink !== undefined) {
      const chunk = this.#early[0]!;
      this.#early.shift();
      this.#sink.serialInput(chunk);
    }
    this.#earlyBytes = 0;
    if (this.#earlyEnd === undefined) return;
    this.#sink?.serialClosed(this.#earlyEnd.error);
    this.#earlyEnd = undefined;
  }

  #fail(what: string): void {
    this.#settled?.reject(new Error(`the server ${what}`));
    this.#settled = undefined;
  }
}
