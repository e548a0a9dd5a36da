/** {@linkcode SimCard}: the SIM of the simulated modem, with its PIN and PUK (3GPP TS 27.007 §8.3).
 *
 * @module
 */
import { type AtOutcome, CME, cme, ok } from "./at_outcome.ts";

/** State of a SIM. */
export type SimCardState = "absent" | "busy" | "pin" | "puk" | "blocked" | "ready";

const PIN_ATTEMPTS = 3;
const PUK_ATTEMPTS = 10;
/** PUK of the simulated SIM. */
export const SIMULATED_PUK = "12345678";
/** PIN of the simulated SIM where it wants one and none was given. */
export const DEFAULT_SIMULATED_PIN = "1234";

/** What a SIM is made of. */
export interface SimCardOptions {
  /** Whether there is one, and what it wants. */
  readonly state: "ready" | "absent" | "pin" | "puk";
  /** Its PIN; `undefined` when it wants none. */
  readonly pin: string | undefined;
  /** Number of the contract. */
  readonly imsi: string;
  /** Number of the card. */
  readonly iccid: string;
}

/** A SIM. */
export class SimCard {
  /** Number of the contract. */
  readonly imsi: string;
  /** Number of the card. */
  readonly iccid: string;
  /** Attempts left for the PIN. */
  pinAttempts: number;
  /** Attempts left for the PUK. */
  pukAttempts: number = PUK_ATTEMPTS;
  /** Called when the SIM becomes ready. */
  onReady: () => void = () => {};
  readonly #isAbsent: boolean;
  #pin: string;
  #isPinWanted: boolean;
  #isBusy = true;
  #isPinGiven = false;

  /** Makes a SIM that the modem has not read yet. */
  constructor(options: SimCardOptions) {
    const { state } = options;
    this.imsi = options.imsi;
    this.iccid = options.iccid;
    this.pinAttempts = state === "puk" ? 0 : PIN_ATTEMPTS;
    this.#isAbsent = state === "absent";
    this.#pin = options.pin ?? DEFAULT_SIMULATED_PIN;
    this.#isPinWanted = options.pin !== undefined || state === "pin" || state === "puk";
  }

  /** Its present state. */
  get state(): SimCardState {
    if (this.#isAbsent) return "absent";
    if (this.#isBusy) return "busy";
    if (this.pinAttempts === 0) return this.pukAttempts === 0 ? "blocked" : "puk";
    return this.#isPinWanted && !this.#isPinGiven ? "pin" : "ready";
  }

  /** The modem starts anew. */
  powerUp(): void {
    this.#isBusy = true;
    this.#isPinGiven = false;
  }

  /** The modem has read it. */
  read(): void {
    this.#isBusy = false;
    if (this.state === "ready") this.onReady();
  }

  /** Error of a command that needs the SIM; `undefined` when it is ready. */
  refusal(): number | undefined {
    switch (this.state) {
      case "absent":
        return CME.NO_SIM;
      case "busy":
        return CME.SIM_BUSY;
      case "pin":
        return CME.PIN_REQUIRED;
      case "puk":
      case "blocked":
        return CME.PUK_REQUIRED;
      case "ready":
        return undefined;
    }
  }

  /** `AT+CPIN=`. */
  enter(code: string, newPin: string | undefined): AtOutcome {
    switch (this.state) {
      case "absent":
        return cme(CME.NO_SIM);
      case "busy":
        return cme(CME.SIM_BUSY);
      case "ready":
      case "blocked":
        return cme(CME.NOT_ALLOWED);
      case "pin":
        if (code !== this.#pin) {
          this.pinAttempts--;
          return cme(this.pinAttempts === 0 ? CME.PUK_REQUIRED : CME.WRONG_PASSWORD);
        }
        break;
      case "puk":
        if (newPin === undefined) return cme(CME.PUK_REQUIRED);
        if (code !== SIMULATED_PUK || !/^\d{4,8}$/.test(newPin)) {
          this.pukAttempts--;
          return cme(CME.WRONG_PASSWORD);
        }
        this.#pin = newPin;
    }
    this.pinAttempts = PIN_ATTEMPTS;
    this.pukAttempts = PUK_ATTEMPTS;
    this.#isPinGiven = true;
    this.onReady();
    return ok();
  }

  /** `AT+CLCK="SC"`: whether the PIN is asked for at the start. */
  get isLocked(): boolean {
    return this.#isPinWanted;
  }

  /** Switches the question for the PIN on or off; the PIN itself proves the right to do so. */
  lock(isLocked: boolean, pin: string): AtOutcome {
    if (pin !== this.#pin) {
      this.pinAttempts--;
      return cme(this.pinAttempts === 0 ? CME.PUK_REQUIRED : CME.WRONG_PASSWORD);
    }
    this.pinAttempts = PIN_ATTEMPTS;
    this.#isPinWanted = isLocked;
    this.#isPinGiven = true;
    return ok();
  }

  /** Text of the state for `+CPIN?`. */
  get text(): string {
    const state = this.state;
    return state === "pin" ? "SIM PIN" : state === "ready" ? "READY" : "SIM PUK";
  }
}
