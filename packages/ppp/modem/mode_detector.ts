/** {@linkcode detectMode}: what a modem's line carries now: commands, PPP, or a multiplexer.
 *
 * @module
 */
import { CP_CODE, emitCpPacket } from "../cp_packet.ts";
import { DEFAULT_ACCM, HdlcEncoder } from "../hdlc.ts";
import { HdlcDecoder } from "../hdlc_decoder.ts";
import {
  emitPppHeader,
  parsePppHeader,
  PPP_HEADER_INVALID,
  PPP_HEADER_LENGTH,
  pppHeaderLengthOf,
  pppProtocolOf,
} from "../ppp_header.ts";
import { PPP_LCP } from "../ppp_protocol_number.ts";
import type { Timer, TimerQueue } from "@lightwire/netif/timers";
import type { SerialPort, SerialSink } from "../serial_port.ts";
import { AtParser } from "./at_parser.ts";
import { CmuxDecoder, encodeCmuxFrame } from "./cmux.ts";
import { PortWriter } from "./port_writer.ts";

/** What a line carries; `"unknown"`: nobody answers. */
export type LineMode = "command" | "data" | "cmux" | "unknown";

/** How long an answer to each question may take by default. */
const REPLY_MS = 500;
const EMPTY = new Uint8Array(0);

/** The packet of {@linkcode echoRequest}. */
const QUESTION: Uint8Array = emitCpPacket(CP_CODE.ECHO_REQUEST, 1, new Uint8Array(4));

/** An LCP Echo-Request (RFC 1661 §5.8) without a magic number, which a peer in any state but Opened ignores, and everybody else takes
 * for noise. */
function echoRequest(): Uint8Array {
  const header = new Uint8Array(PPP_HEADER_LENGTH);
  const headerLength = emitPppHeader(header, 0, PPP_LCP, false, false);
  const packet = QUESTION;
  const encoder = new HdlcEncoder(DEFAULT_ACCM);
  const out = new Uint8Array(HdlcEncoder.maxEncodedLength(headerLength + packet.length));
  let at = encoder.begin(out, 0, true);
  at = encoder.append(header, 0, headerLength, out, at);
  at = encoder.append(packet, 0, packet.length, out, at);
  return out.slice(0, encoder.finish(out, at));
}

/** Whether a frame is our own question: a modem that takes commands sends back what it is told. */
function isOwnEcho(bytes: Uint8Array, start: number, end: number): boolean {
  const header = parsePppHeader(bytes, start, end);
  if (header === PPP_HEADER_INVALID) return true; // nothing that anybody would say
  const at = start + pppHeaderLengthOf(header);
  if (pppProtocolOf(header) !== PPP_LCP || end - at !== QUESTION.length) return false;
  return QUESTION.every((octet, i) => octet === bytes[at + i]);
}

/** Asks in three languages, one after the other: PPP, AT, 3GPP TS 27.010; and believes whoever speaks first, also unasked. */
class ModeDetector implements SerialSink {
  readonly #out: PortWriter;
  readonly #timer: Timer;
  readonly #replyMs: number;
  readonly #onDone: (mode: LineMode) => void;
  readonly #questions: Uint8Array[];
  readonly #parser: AtParser;
  readonly #frames: HdlcDecoder;
  readonly #cmux: CmuxDecoder;
  #isOver = false;

  constructor(
    port: SerialPort,
    timers: TimerQueue,
    onDone: (mode: LineMode) => void,
    replyMs: number,
  ) {
    this.#out = new PortWriter(port);
    this.#replyMs = replyMs;
    this.#onDone = onDone;
    this.#timer = timers.create(() => this.#ask());
    this.#questions = [
      echoRequest(),
      new TextEncoder().encode("\rAT\r"),
      encodeCmuxFrame({ dlci: 0, cr: true, type: "SABM", pollFinal: true, payload: EMPTY }),
    ];
    this.#parser = new AtParser((event) => {
      if (event.type === "result") this.#done("command");
    });
    this.#parser.setCommand("AT");
    this.#frames = new HdlcDecoder({
      hdlcInput: (bytes, start, end) => {
        if (!isOwnEcho(bytes, start, end)) this.#done("data");
      },
    });
    this.#cmux = new CmuxDecoder(({ type }) => {
      if (type !== "SABM") this.#done("cmux"); // the modem begins nothing: it is our own
    });
  }

  start(port: SerialPort): void {
    port.attach(this);
    this.#ask();
  }

  serialInput(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#cmux.push(bytes);
    if (!this.#isOver) this.#frames.input(bytes);
    if (!this.#isOver) this.#parser.push(bytes);
  }

  serialWritable(): void {
    this.#out.flush();
  }

  serialLinesChanged(): void {}

  serialClosed(): void {
    this.#done("unknown");
  }

  #ask(): void {
    const question = this.#questions.shift();
    if (question === undefined) return this.#done("unknown");
    this.#timer.start(this.#replyMs);
    this.#out.write(question);
  }

  #done(mode: LineMode): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer.stop();
    this.#onDone(mode);
  }
}

/** Finds out what a line carries. It takes the port over: attach another sink when it is done. A multiplexer that answers has its
 * control channel open afterwards.
 *
 * @param port The line.
 * @param timers Source of time.
 * @param onDone Called once, after at most three times `replyMs`.
 * @param replyMs How long an answer to each question may take, in milliseconds; 500 by default.
 */
export function detectMode(
  port: SerialPort,
  timers: TimerQueue,
  onDone: (mode: LineMode) => void,
  replyMs: number = REPLY_MS,
): void {
  new ModeDetector(port, timers, onDone, replyMs).start(port);
}
