/** {@linkcode MuxResponder}: the multiplexer on the modem's side (3GPP TS 27.010, basic option): each channel has a command
 * interpreter, and may carry a call, while others take commands.
 *
 * @module
 */
import type { AtSession, AtSessionChannel } from "./at_session.ts";
import { emitMuxFrame, MUX_CONTROL, MUX_POLL, type MuxFrame, MuxReader } from "./mux_frame.ts";

/** What a responder needs of the modem. */
export interface MuxOwner {
  /** Sends octets over the line; returns how many were taken. */
  write(bytes: Uint8Array, start: number, end: number): number;
  /** A channel has been opened: makes its interpreter. */
  openSession(channel: AtSessionChannel): AtSession;
  /** A channel has been closed. */
  closeSession(session: AtSession): void;
  /** The multiplexer is closed down: the line takes commands. */
  muxClosed(): void;
}

/** Types of messages on the control channel, command bit and EA bit left out (3GPP TS 27.010 §5.4.6.3). */
const MESSAGE = {
  PN: 0x80,
  PSC: 0x40,
  CLD: 0xc0,
  TEST: 0x20,
  FCON: 0xa0,
  FCOFF: 0x60,
  MSC: 0xe0,
  RPN: 0x90,
  RLS: 0x50,
  SNC: 0xd0,
  NSC: 0x10,
} as const;
const KNOWN: ReadonlySet<number> = new Set<number>(Object.values(MESSAGE));
const COMMAND = 2;
/** V.24 signals of an MSC (3GPP TS 27.010 §5.4.6.3.7). */
const SIGNAL = { EA: 1, FC: 2, RTC: 4, RTR: 8, IC: 0x40, DV: 0x80 } as const;
const EMPTY: Uint8Array = new Uint8Array(0);
/** Most octets of a frame where nobody has said another number (3GPP TS 27.010 §5.7.2). */
export const DEFAULT_MUX_INFORMATION = 31;
/** Octets that wait for the line at most. */
const MAX_WAITING_BYTES = 16_384;

/** A channel that is open. */
interface OpenChannel {
  readonly session: AtSession;
  isStopped: boolean;
  maxInformation: number;
}

/** The modem's side. */
export class MuxResponder {
  /** Frames which the reader dropped. */
  get droppedFrames(): number {
    return this.#reader.dropped;
  }

  /** Frames that did not fit in what waits for the line. */
  overflows: number = 0;
  readonly #owner: MuxOwner;
  readonly #reader: MuxReader;
  readonly #maxInformation: number;
  readonly #channels = new Map<number, OpenChannel>();
  readonly #sizes = new Map<number, number>();
  #waiting: Uint8Array = EMPTY;
  #isOpen = false;
  #isStopped = false;
  #isClosed = false;

  /** Makes a responder with no channel open.
   *
   * @param maxInformation Most octets of a frame that it sends: N1 of `AT+CMUX`.
   */
  constructor(owner: MuxOwner, maxInformation: number) {
    this.#owner = owner;
    this.#maxInformation = maxInformation;
    this.#reader = new MuxReader((frame) => this.#handle(frame));
  }

  /** Channels that are open. */
  get openChannels(): readonly number[] {
    return [...this.#channels.keys()];
  }

  /** Octets from the line. */
  input(bytes: Uint8Array): void {
    if (!this.#isClosed) this.#reader.push(bytes);
  }

  /** The line has room. */
  writable(): void {
    this.#flush();
    for (const { session, isStopped } of [...this.#channels.values()]) {
      if (this.#waiting.length > 0 || this.#isStopped) return;
      if (!isStopped) session.writable();
    }
  }

  /** Ends all channels without a word. */
  shut(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const dlci of [...this.#channels.keys()]) this.#closeChannel(dlci);
  }

  #handle(frame: MuxFrame): void {
    if (this.#isClosed) return;
    const { dlci } = frame;
    switch (frame.control & ~MUX_POLL) {
      case MUX_CONTROL.SABM:
        return this.#open(dlci);
      case MUX_CONTROL.DISC:
        return this.#disconnect(dlci);
      case MUX_CONTROL.UIH:
      case MUX_CONTROL.UI:
        if (dlci === 0) this.#messages(frame.information);
        else if (this.#channels.has(dlci)) this.#channels.get(dlci)!.session.input(frame.information);
        else this.#respond(dlci, MUX_CONTROL.DM);
    }
  }

  #open(dlci: number): void {
    if (dlci !== 0 && !this.#isOpen) return this.#respond(dlci, MUX_CONTROL.DM);
    this.#respond(dlci, MUX_CONTROL.UA);
    if (dlci === 0) {
      this.#isOpen = true;
      return;
    }
    if (this.#channels.has(dlci)) return;
    const session = this.#owner.openSession({
      write: (bytes, start, end) => this.#writeChannel(dlci, bytes, start, end),
      setCarrier: (isOn) => this.#tellSignals(dlci, isOn),
    });
    const maxInformation = this.#sizes.get(dlci) ?? this.#maxInformation;
    this.#channels.set(dlci, { session, isStopped: false, maxInformation });
    this.#tellSignals(dlci, false);
  }

  #disconnect(dlci: number): void {
    const isKnown = dlci === 0 ? this.#isOpen : this.#channels.has(dlci);
    this.#respond(dlci, isKnown ? MUX_CONTROL.UA : MUX_CONTROL.DM);
    if (dlci === 0) this.#closeDown();
    else this.#closeChannel(dlci);
  }

  #closeChannel(dlci: number): void {
    const channel = this.#channels.get(dlci);
    if (channel === undefined) return;
    this.#channels.delete(dlci);
    this.#owner.closeSession(channel.session);
  }

  #closeDown(): void {
    this.shut();
    this.#owner.muxClosed();
  }

  #messages(information: Uint8Array): void {
    let at = 0;
    while (at + 2 <= information.length) {
      const type = information[at]!;
      const end = at + 2 + (information[at + 1]! >>> 1);
      if ((type & 1) === 0 || (information[at + 1]! & 1) === 0 || end > information.length) return;
      if ((type & COMMAND) !== 0) this.#message(type, information.slice(at + 2, end));
      if (this.#isClosed) return;
      at = end;
    }
  }

  #message(octet: number, value: Uint8Array): void {
    const type = octet & 0xfc;
    if (!KNOWN.has(type)) return this.#sendMessage(MESSAGE.NSC, false, Uint8Array.of(octet));
    if (type === MESSAGE.PN) this.#negotiate(value);
    this.#sendMessage(type, false, value);
    if (type === MESSAGE.MSC) this.#signals(value);
    else if (type === MESSAGE.FCOFF) this.#isStopped = true;
    else if (type === MESSAGE.FCON) {
      this.#isStopped = false;
      this.writable();
    } else if (type === MESSAGE.CLD) this.#closeDown();
  }

  /** Takes over the size of frames that a channel is asked to have (3GPP TS 27.010 §5.4.6.3.1). */
  #negotiate(value: Uint8Array): void {
    if (value.length < 8) return;
    const size = Math.min(1500, value[4]! | (value[5]! << 8)) || this.#maxInformation;
    value[4] = size & 0xff;
    value[5] = size >>> 8;
    const dlci = value[0]! & 0x3f;
    this.#sizes.set(dlci, size);
    const channel = this.#channels.get(dlci);
    if (channel !== undefined) channel.maxInformation = size;
  }

  #signals(value: Uint8Array): void {
    const channel = this.#channels.get((value[0] ?? 0) >>> 2);
    if (channel === undefined || value.length < 2) return;
    const signals = value[1]!;
    const wasStopped = channel.isStopped;
    channel.isStopped = (signals & SIGNAL.FC) !== 0;
    channel.session.dtrChanged((signals & SIGNAL.RTC) !== 0);
    if (wasStopped && !channel.isStopped) this.writable();
  }

  #tellSignals(dlci: number, hasCarrier: boolean): void {
    if (this.#isClosed) return;
    const signals = SIGNAL.EA | SIGNAL.RTC | SIGNAL.RTR | (hasCarrier ? SIGNAL.DV : 0);
    this.#sendMessage(MESSAGE.MSC, true, Uint8Array.of((dlci << 2) | 3, signals));
  }

  #writeChannel(dlci: number, bytes: Uint8Array, start: number, end: number): number {
    const channel = this.#channels.get(dlci);
    const size = channel?.maxInformation ?? this.#maxInformation;
    if (channel?.isStopped === true || this.#isStopped || this.#isClosed) return 0;
    let at = start;
    while (at < end && this.#waiting.length === 0) {
      const next = Math.min(end, at + size);
      this.#send(dlci, false, MUX_CONTROL.UIH, bytes.subarray(at, next));
      at = next;
    }
    return at - start;
  }

  #respond(dlci: number, control: number): void {
    this.#send(dlci, true, control | MUX_POLL, EMPTY);
  }

  #sendMessage(type: number, isCommand: boolean, value: Uint8Array): void {
    const octet = type | (isCommand ? COMMAND : 0) | 1;
    this.#send(0, false, MUX_CONTROL.UIH, Uint8Array.of(octet, (value.length << 1) | 1, ...value));
  }

  #send(dlci: number, isCommand: boolean, control: number, information: Uint8Array): void {
    const frame = emitMuxFrame({ dlci, isCommand, control, information });
    if (this.#waiting.length + frame.length > MAX_WAITING_BYTES) return void this.overflows++;
    const all = new Uint8Array(this.#waiting.length + frame.length);
    all.set(this.#waiting);
    all.set(frame, this.#waiting.length);
    this.#waiting = all;
    this.#flush();
  }

  #flush(): void {
    if (this.#waiting.length === 0) return;
    this.#waiting = this.#waiting.slice(this.#owner.write(this.#waiting, 0, this.#waiting.length));
  }
}
