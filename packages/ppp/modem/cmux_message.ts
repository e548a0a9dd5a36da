/** Messages on the control channel of 3GPP TS 27.010 (§5.4.6.3).
 *
 * @module
 */
import type { SerialInputLines } from "../serial_port.ts";

/** Kinds of control messages which we know. */
export type CmuxMessageType =
  | "PSC"
  | "CLD"
  | "TEST"
  | "FCON"
  | "FCOFF"
  | "MSC"
  | "NSC"
  | "RPN"
  | "RLS"
  | "PN"
  | "SNC";

/** A control message. */
export interface CmuxMessage {
  /** What it is, or its type octet without the lowest two bits when we do not know it. */
  readonly type: CmuxMessageType | number;
  /** Whether it is a command, to which the other side responds with the same type. */
  readonly isCommand: boolean;
  /** Its value octets. */
  readonly value: Uint8Array;
}

const CODES: Readonly<Record<CmuxMessageType, number>> = {
  PSC: 0x40,
  CLD: 0xc0,
  TEST: 0x20,
  FCON: 0xa0,
  FCOFF: 0x60,
  MSC: 0xe0,
  NSC: 0x10,
  RPN: 0x90,
  RLS: 0x50,
  PN: 0x80,
  SNC: 0xd0,
};
const TYPES: ReadonlyMap<number, CmuxMessageType> = new Map(
  (Object.keys(CODES) as CmuxMessageType[]).map((type) => [CODES[type], type]),
);

/** Writes a message of at most 127 value octets.
 *
 * @throws {RangeError} If it has more.
 */
export function encodeCmuxMessage(message: CmuxMessage): Uint8Array {
  const { type, value } = message;
  if (value.length > 127) throw new RangeError(`Cannot send a control message of ${value.length} octets`);
  const bytes = new Uint8Array(2 + value.length);
  bytes[0] = (typeof type === "number" ? type : CODES[type]) | (message.isCommand ? 2 : 0) | 1;
  bytes[1] = (value.length << 1) | 1;
  bytes.set(value, 2);
  return bytes;
}

/** Reads the messages of a frame; stops at the first that is cut short or of a form that we do not know. */
export function parseCmuxMessages(payload: Uint8Array): CmuxMessage[] {
  const messages: CmuxMessage[] = [];
  let at = 0;
  while (at + 2 <= payload.length) {
    const first = payload[at]!;
    const lengthOctet = payload[at + 1]!;
    const end = at + 2 + (lengthOctet >> 1);
    if ((first & 1) === 0 || (lengthOctet & 1) === 0 || end > payload.length) break;
    const code = first & 0xfc;
    messages.push({
      type: TYPES.get(code) ?? code,
      isCommand: (first & 2) !== 0,
      value: payload.slice(at + 2, end),
    });
    at = end;
  }
  return messages;
}

/** Signals of a channel, as `MSC` tells them (3GPP TS 27.010 §5.4.6.3.7). */
export interface CmuxSignals {
  /** Which channel. */
  readonly dlci: number;
  /** Whether the other side cannot take frames now. */
  readonly isFlowStopped: boolean;
  /** The lines, as a connector would have them. */
  readonly lines: SerialInputLines;
}

/** Reads the value of an `MSC`. */
export function parseCmuxSignals(value: Uint8Array): CmuxSignals | undefined {
  const address = value[0];
  const signals = value[1];
  if (address === undefined || signals === undefined) return undefined;
  const isFlowStopped = (signals & 0x02) !== 0;
  return {
    dlci: address >> 2,
    isFlowStopped,
    lines: {
      dsr: (signals & 0x04) !== 0,
      cts: (signals & 0x08) !== 0 && !isFlowStopped,
      ri: (signals & 0x40) !== 0,
      dcd: (signals & 0x80) !== 0,
    },
  };
}

/** Value of an `MSC` that tells our lines.
 *
 * @param dlci Which channel.
 * @param dtr Whether we are ready (RTC).
 * @param rts Whether we can take data (RTR).
 */
export function encodeCmuxSignals(dlci: number, dtr: boolean, rts: boolean): Uint8Array {
  return new Uint8Array([(dlci << 2) | 3, 0x01 | (dtr ? 0x04 : 0) | (rts ? 0x08 : 0) | (dtr ? 0x80 : 0)]);
}
