/** {@linkcode SmsStore}: messages on the simulated SIM (3GPP TS 27.005 §3).
 *
 * @module
 */

/** State of a message. */
export type SmsStatus = "REC UNREAD" | "REC READ" | "STO UNSENT" | "STO SENT";

/** A message. */
export interface SmsMessage {
  /** Its state. */
  status: SmsStatus;
  /** The other side's number. */
  readonly number: string;
  /** When it came, as `+CCLK` writes it; "" for our own. */
  readonly time: string;
  /** Its text. */
  readonly text: string;
}

/** Messages that fit on the SIM. */
export const SMS_CAPACITY = 20;

/** The messages of a SIM, by their index from 1 on. */
export class SmsStore {
  /** Messages that were sent, in their order. */
  readonly sent: { readonly number: string; readonly text: string }[] = [];
  readonly #messages = new Map<number, SmsMessage>();
  #reference = 0;

  /** All, in the order of their index. */
  get all(): readonly (readonly [number, SmsMessage])[] {
    return [...this.#messages].sort(([a], [b]) => a - b);
  }

  /** How many there are. */
  get size(): number {
    return this.#messages.size;
  }

  /** One of them. */
  get(index: number): SmsMessage | undefined {
    return this.#messages.get(index);
  }

  /** Stores a message at the first free index; `undefined` when all are taken. */
  add(message: SmsMessage): number | undefined {
    for (let index = 1; index <= SMS_CAPACITY; index++) {
      if (this.#messages.has(index)) continue;
      this.#messages.set(index, message);
      return index;
    }
    return undefined;
  }

  /** Takes one away. */
  remove(index: number): boolean {
    return this.#messages.delete(index);
  }

  /** Sends one.
   *
   * @returns Its reference.
   */
  send(number: string, text: string): number {
    if (this.sent.length < SMS_CAPACITY) this.sent.push({ number, text });
    this.#reference = (this.#reference + 1) & 0xff;
    return this.#reference;
  }
}
