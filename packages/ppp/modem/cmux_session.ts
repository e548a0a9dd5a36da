/** A multiplexer over a serial port: the side that begins.
 *
 * @module
 */
import type { Timer, TimerQueue } from "@lightwire/netif/timers";
import { equalBytes } from "../cp_packet.ts";
import type { SerialInputLines, SerialOutputLines, SerialPort, SerialSink } from "../serial_port.ts";
import { CmuxChannel } from "./cmux_channel.ts";
import { CmuxDecoder, type CmuxDecoderCounters, type CmuxFrame, encodeCmuxFrame } from "./cmux.ts";
import {
  type CmuxMessage,
  encodeCmuxMessage,
  encodeCmuxSignals,
  parseCmuxMessages,
  parseCmuxSignals,
} from "./cmux_message.ts";
import { PortWriter } from "./port_writer.ts";

/** Options of {@linkcode CmuxSession}. */
export interface CmuxSessionOptions {
  /** Channels to open, 1 to 61; 1 and 2 by default: commands and data. */
  readonly channels?: readonly number[];
  /** Most payload of a frame that we send; 127 by default. */
  readonly maxPayload?: number;
  /** How long the other side may take to answer, in milliseconds; 1000 by default. */
  readonly replyMs?: number;
  /** How often a channel is asked for; 3 by default. */
  readonly attempts?: number;
  /** Rest between the opening of one channel and the next, in milliseconds; 0 by default. */
  readonly channelDelayMs?: number;
}

/** What may go wrong on the line of a multiplexer. */
export type CmuxError =
  /** A check sequence was wrong. */
  | "checksum"
  /** An address or a control field was none, or a flag was missing. */
  | "out-of-step"
  /** More payload than the limit. */
  | "too-long"
  /** The port is gone. */
  | "port-gone";

/** How the opening of a session ended. */
export interface CmuxOpenOutcome {
  /** Whether all channels are open. */
  readonly isOpen: boolean;
  /** The channel that did not answer or was refused. */
  readonly failedChannel: number | undefined;
  /** Whether it was refused (`DM`), rather than not answered. */
  readonly isRefused: boolean;
}

const EMPTY = new Uint8Array(0);
/** Flag, escape and all bits both ways: what a line out of step would not carry. */
const TEST_PATTERN = new Uint8Array([0x55, 0xf9, 0x7e, 0x00, 0xff, 0xaa]);

/** Opens channels one after the other, and carries data of all. `AT+CMUX=0` was answered with `OK` before. */
export class CmuxSession implements SerialSink {
  /** Told of each frame that was lost, and of the end of the port. */
  onError: ((error: CmuxError) => void) | undefined = undefined;
  readonly #port: SerialPort;
  readonly #out: PortWriter;
  readonly #decoder: CmuxDecoder;
  readonly #timer: Timer;
  readonly #channels = new Map<number, CmuxChannel>();
  readonly #order: readonly number[];
  readonly #maxPayload: number;
  readonly #replyMs: number;
  readonly #attempts: number;
  readonly #channelDelayMs: number;
  readonly #delayTimer: Timer;
  #onRecovered: ((isInStep: boolean) => void) | undefined = undefined;
  #onOpen: ((outcome: CmuxOpenOutcome) => void) | undefined = undefined;
  #onShut: (() => void) | undefined = undefined;
  #state: "idle" | "opening" | "open" | "closing" | "closed" = "idle";
  #index = 0;
  #tries = 0;
  #isStopped = false;

  /** Makes a session.
   *
   * @param port The line.
   * @param timers Source of time.
   * @param options Channels, times and limits.
   * @throws {RangeError} If a channel is none.
   */
  constructor(port: SerialPort, timers: TimerQueue, options: CmuxSessionOptions = {}) {
    const { channels = [1, 2], maxPayload = 127 } = options;
    this.#port = port;
    this.#out = new PortWriter(port);
    this.#decoder = new CmuxDecoder((frame) => this.#handleFrame(frame));
    this.#timer = timers.create(() => this.#replyLate());
    this.#maxPayload = maxPayload;
    this.#replyMs = options.replyMs ?? 1000;
    this.#attempts = options.attempts ?? 3;
    this.#channelDelayMs = options.channelDelayMs ?? 0;
    this.#delayTimer = timers.create(() => this.#ask());
    this.#order = [0, ...channels];
    for (const dlci of channels) {
      if (!(Number.isInteger(dlci) && dlci >= 1 && dlci <= 61)) {
        throw new RangeError(`Cannot open channel ${dlci}: there are 1 to 61`);
      }
      this.#channels.set(dlci, new CmuxChannel(this, dlci, `${port.name} channel ${dlci}`));
    }
  }

  /** What the decoder dropped. */
  get counters(): CmuxDecoderCounters {
    return this.#decoder.counters;
  }

  /** Whether all channels are open. */
  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** A channel, as a serial port.
   *
   * @throws {RangeError} If the session has no such channel.
   */
  channel(dlci: number): CmuxChannel {
    const channel = this.#channels.get(dlci);
    if (channel === undefined) throw new RangeError(`Cannot use channel ${dlci}: it was not asked for`);
    return channel;
  }

  /** Takes the port over and opens the channels.
   *
   * @param onOpen Called once.
   * @throws {TypeError} If it was opened before.
   */
  open(onOpen: (outcome: CmuxOpenOutcome) => void): void {
    if (this.#state !== "idle") throw new TypeError("Cannot open a multiplexer twice");
    this.#state = "opening";
    this.#onOpen = onOpen;
    this.#port.attach(this);
    this.#ask();
  }

  /** Closes the multiplexer down (`CLD`): the modem is in command mode afterwards, and the port wants another sink.
   *
   * @param onShut Called once, when the modem answered or did not in time.
   */
  shut(onShut: () => void): void {
    if (this.#state === "closed" || this.#state === "idle") {
      onShut();
      return;
    }
    this.#onShut = onShut;
    this.#state = "closing";
    this.#sendMessage({ type: "CLD", isCommand: true, value: EMPTY });
    this.#timer.start(this.#replyMs);
  }

  /** Finds out whether both sides are in step again after errors: forgets the frame begun, and lets the other side send back a
   * pattern (`TEST`, 3GPP TS 27.010 §5.4.6.3.4).
   *
   * @param onDone Called once, with whether the pattern came back.
   */
  recover(onDone: (isInStep: boolean) => void): void {
    if (this.#state !== "open" || this.#onRecovered !== undefined) return onDone(false);
    this.#decoder.reset();
    this.#onRecovered = onDone;
    this.#tries = 0;
    this.#test();
  }

  /** Sends data of a channel. For {@linkcode CmuxChannel}. */
  writeChannel(dlci: number, bytes: Uint8Array, start: number, end: number): number {
    if (this.#state !== "open" || this.#isStopped) return 0;
    let at = start;
    while (at < end && this.#out.isEmpty) {
      const next = Math.min(end, at + this.#maxPayload);
      this.#send(dlci, "UIH", false, bytes.subarray(at, next));
      at = next;
    }
    return at - start;
  }

  /** Tells the other side our lines. For {@linkcode CmuxChannel}. */
  tellLines(dlci: number, lines: SerialOutputLines): void {
    if (this.#state !== "open") return;
    this.#sendMessage({
      type: "MSC",
      isCommand: true,
      value: encodeCmuxSignals(dlci, lines.dtr, lines.rts),
    });
  }

  /** Takes what arrived. */
  serialInput(bytes: Uint8Array): void {
    if (this.#state === "closed") return;
    const { badFcs, badHeader, badEnd, tooLong } = this.#decoder.counters;
    this.#decoder.push(bytes);
    if (this.onError === undefined) return;
    const { counters } = this.#decoder;
    if (counters.badFcs > badFcs) this.onError("checksum");
    if (counters.badHeader > badHeader || counters.badEnd > badEnd) this.onError("out-of-step");
    if (counters.tooLong > tooLong) this.onError("too-long");
  }

  /** Sends what waited for room. */
  serialWritable(): void {
    this.#out.flush();
    for (const channel of this.#channels.values()) {
      if (!this.#out.isEmpty || this.#isStopped) return;
      channel.writable();
    }
  }

  /** Lines of the port below; each channel has its own. */
  serialLinesChanged(_lines: SerialInputLines): void {}

  /** Ends all channels. */
  serialClosed(error: Error | undefined): void {
    this.onError?.("port-gone");
    this.#end(error);
  }

  #send(dlci: number, type: CmuxFrame["type"], pollFinal: boolean, payload: Uint8Array, cr = true): void {
    this.#out.write(encodeCmuxFrame({ dlci, cr, type, pollFinal, payload }));
  }

  #sendMessage(message: CmuxMessage): void {
    this.#send(0, "UIH", false, encodeCmuxMessage(message));
  }

  #test(): void {
    this.#tries++;
    this.#timer.start(this.#replyMs);
    this.#sendMessage({ type: "TEST", isCommand: true, value: TEST_PATTERN });
  }

  #ask(): void {
    this.#tries++;
    this.#timer.start(this.#replyMs);
    this.#send(this.#order[this.#index]!, "SABM", true, EMPTY);
  }

  #replyLate(): void {
    if (this.#state === "closing") {
      this.#end(undefined);
    } else if (this.#state === "opening") {
      if (this.#tries < this.#attempts) this.#ask();
      else this.#fail(false);
    } else if (this.#onRecovered !== undefined) {
      if (this.#tries < this.#attempts) this.#test();
      else this.#recovered(false);
    }
  }

  #recovered(isInStep: boolean): void {
    const onRecovered = this.#onRecovered;
    this.#onRecovered = undefined;
    this.#timer.stop();
    onRecovered?.(isInStep);
  }

  #fail(isRefused: boolean): void {
    const failedChannel = this.#order[this.#index]!;
    const onOpen = this.#onOpen;
    this.#onOpen = undefined;
    this.#end(undefined);
    onOpen?.({ isOpen: false, failedChannel, isRefused });
  }

  #end(error: Error | undefined): void {
    if (this.#state === "closed") return;
    const failedChannel = this.#order[this.#index];
    const onOpen = this.#onOpen;
    const onShut = this.#onShut;
    this.#state = "closed";
    this.#timer.stop();
    this.#delayTimer.stop();
    this.#recovered(false);
    this.#onOpen = undefined;
    this.#onShut = undefined;
    for (const channel of this.#channels.values()) channel.end(error);
    onOpen?.({ isOpen: false, failedChannel, isRefused: false });
    onShut?.();
  }

  #handleFrame(frame: CmuxFrame): void {
    if (this.#state === "closed") return; // an earlier frame of the same chunk ended it
    const { dlci, type } = frame;
    switch (type) {
      case "UIH":
      case "UI":
        if (dlci === 0) {
          for (const message of parseCmuxMessages(frame.payload)) {
            this.#handleMessage(message);
          }
        } else this.#channels.get(dlci)?.deliver(frame.payload);
        return;
      case "UA":
      case "DM":
        if (this.#state !== "opening" || dlci !== this.#order[this.#index]) {
          if (type === "DM") this.#channels.get(dlci)?.end(undefined);
          return;
        }
        if (type === "DM") this.#fail(true);
        else this.#opened(dlci);
        return;
      case "DISC":
        this.#send(dlci, "UA", frame.pollFinal, EMPTY, false);
        if (dlci === 0) this.#end(undefined);
        else this.#channels.get(dlci)?.end(undefined);
        return;
      case "SABM": // the modem begins nothing
        this.#send(dlci, "DM", frame.pollFinal, EMPTY, false);
    }
  }

  #opened(dlci: number): void {
    if (dlci !== 0) {
      this.#sendMessage({ type: "MSC", isCommand: true, value: encodeCmuxSignals(dlci, true, true) });
    }
    this.#index++;
    this.#tries = 0;
    this.#timer.stop();
    if (this.#index < this.#order.length) {
      if (this.#channelDelayMs > 0) this.#delayTimer.start(this.#channelDelayMs);
      else this.#ask();
      return;
    }
    this.#state = "open";
    const onOpen = this.#onOpen;
    this.#onOpen = undefined;
    onOpen?.({ isOpen: true, failedChannel: undefined, isRefused: false });
  }

  #handleMessage(message: CmuxMessage): void {
    const { type, isCommand, value } = message;
    if (!isCommand) {
      if (type === "CLD" && this.#state === "closing") this.#end(undefined);
      if (type === "TEST" && equalBytes(value, TEST_PATTERN)) this.#recovered(true);
      return;
    }
    if (typeof type === "number") {
      // The octet as it came (3GPP TS 27.010 §5.4.6.3.8).
      this.#sendMessage({ type: "NSC", isCommand: false, value: new Uint8Array([type | 3]) });
      return;
    }
    this.#sendMessage({ type, isCommand: false, value });
    if (type === "MSC") {
      const signals = parseCmuxSignals(value);
      if (signals) this.#channels.get(signals.dlci)?.takeSignals(signals);
    } else if (type === "FCOFF" || type === "FCON") {
      this.#isStopped = type === "FCOFF";
      if (!this.#isStopped) this.serialWritable();
    } else if (type === "CLD") {
      this.#end(undefined);
    }
  }
}
