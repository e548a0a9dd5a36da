/** Data plane. {@linkcode TelnetDecoder}: takes Telnet's commands out of a stream of octets (RFC 854), and {@linkcode escapeTelnet}
 * puts data into one.
 *
 * ```text
 *   IAC WILL|WONT|DO|DONT option        negotiation
 *   IAC SB option … IAC SE              subnegotiation; an IAC inside is doubled
 *   IAC IAC                             the data octet 255
 *   IAC command                         anything else
 * ```
 *
 * @module
 */

/** Interpret as command. */
export const IAC = 255;
/** Please stop to use an option. */
export const DONT = 254;
/** Please use an option. */
export const DO = 253;
/** I do not use an option. */
export const WONT = 252;
/** I will use an option. */
export const WILL = 251;
/** Subnegotiation begins. */
export const SB = 250;
/** Subnegotiation ends. */
export const SE = 240;

/** Longest subnegotiation that is kept; what follows is dropped and counted. */
export const MAX_SUBNEGOTIATION_BYTES = 64;

/** Who hears what was in the stream, in order. */
export interface TelnetSink {
  /** Data; borrowed until the call returns. */
  telnetData(bytes: Uint8Array, start: number, end: number): void;
  /** A negotiation: {@linkcode WILL}, {@linkcode WONT}, {@linkcode DO} or {@linkcode DONT}. */
  telnetNegotiation(command: number, option: number): void;
  /** A subnegotiation without its option's octet; borrowed until the call returns. */
  telnetSubnegotiation(option: number, payload: Uint8Array): void;
}

const DATA = 0;
const COMMAND = 1;
const OPTION = 2;
const SUBNEGOTIATION = 3;
const SUBNEGOTIATION_COMMAND = 4;

/** Finds data and commands, however the octets are cut. */
export class TelnetDecoder {
  /** Subnegotiations dropped because they were too long. */
  tooLong: number;
  /** Whether CR NUL in the data is a mere CR: so it is until both ends use the option BINARY (RFC 854, RFC 856). */
  isText: boolean;
  readonly #sink: TelnetSink;
  readonly #payload: Uint8Array;
  readonly #octet: Uint8Array;
  #state: number;
  #command: number;
  #length: number;
  #isAfterCr: boolean;

  /** Begins in the middle of data. */
  constructor(sink: TelnetSink) {
    this.tooLong = 0;
    this.isText = false;
    this.#sink = sink;
    this.#payload = new Uint8Array(MAX_SUBNEGOTIATION_BYTES + 1);
    this.#octet = new Uint8Array([IAC]);
    this.#state = DATA;
    this.#command = 0;
    this.#length = 0;
    this.#isAfterCr = false;
  }

  /** Takes what has arrived. */
  input(bytes: Uint8Array): void {
    let dataStart = 0;
    for (let at = 0; at < bytes.length; at++) {
      const octet = bytes[at]!;
      if (this.#state !== DATA) {
        this.#step(octet);
        dataStart = at + 1;
      } else if (octet === IAC || (octet === 0 && this.#isAfterCr && this.isText)) {
        if (at > dataStart) this.#sink.telnetData(bytes, dataStart, at);
        dataStart = at + 1;
        if (octet === IAC) this.#state = COMMAND;
        this.#isAfterCr = false;
      } else {
        this.#isAfterCr = octet === 13;
      }
    }
    if (this.#state === DATA && dataStart < bytes.length) {
      this.#sink.telnetData(bytes, dataStart, bytes.length);
    }
  }

  #step(octet: number): void {
    switch (this.#state) {
      case COMMAND:
        if (octet === IAC) {
          this.#state = DATA;
          this.#sink.telnetData(this.#octet, 0, 1);
        } else if (octet >= WILL) {
          this.#command = octet;
          this.#state = OPTION;
        } else if (octet === SB) {
          this.#length = 0;
          this.#state = SUBNEGOTIATION;
        } else this.#state = DATA; // NOP, GA, AYT, …: nothing that a line of data has a use for
        return;
      case OPTION:
        this.#state = DATA;
        this.#sink.telnetNegotiation(this.#command, octet);
        return;
      case SUBNEGOTIATION:
        if (octet === IAC) this.#state = SUBNEGOTIATION_COMMAND;
        else this.#append(octet);
        return;
      default:
        if (octet === IAC) {
          this.#append(octet);
          this.#state = SUBNEGOTIATION;
        } else {
          this.#state = DATA;
          this.#endSubnegotiation();
        }
    }
  }

  #append(octet: number): void {
    if (this.#length < this.#payload.length) this.#payload[this.#length] = octet;
    this.#length++;
  }

  #endSubnegotiation(): void {
    if (this.#length > this.#payload.length) this.tooLong++;
    else if (this.#length > 0) {
      this.#sink.telnetSubnegotiation(this.#payload[0]!, this.#payload.subarray(1, this.#length));
    }
  }
}

/** Writes data into a Telnet stream: every 255 twice.
 *
 * @param into Has room for twice the data, or as much of the data as fits is taken.
 * @param isText Whether a NUL follows each CR, as it must without the option BINARY.
 * @returns The octets of data taken, times 65,536, and the octets written.
 */
export function escapeTelnet(
  bytes: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
  isText: boolean,
): number {
  let written = 0;
  let at = start;
  for (; at < end && written + 2 <= into.length; at++) {
    const octet = bytes[at]!;
    into[written++] = octet;
    if (octet === IAC) into[written++] = IAC;
    else if (octet === 13 && isText) into[written++] = 0;
  }
  return (at - start) * 65536 + written;
}

/** Writes a command: {@linkcode WILL} and its like. */
export function emitNegotiation(command: number, option: number): Uint8Array {
  return Uint8Array.of(IAC, command, option);
}

/** Writes a subnegotiation. */
export function emitSubnegotiation(option: number, payload: readonly number[]): Uint8Array {
  const body = payload.flatMap((octet) => octet === IAC ? [IAC, IAC] : [octet]);
  return Uint8Array.of(IAC, SB, option, ...body, IAC, SE);
}
