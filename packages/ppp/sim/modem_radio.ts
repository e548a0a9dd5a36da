/** {@linkcode ModemRadio}: how the simulated modem finds its network (3GPP TS 27.007 §7.2, §8.2, §8.5).
 *
 * @module
 */
import type { Timer, TimerQueue } from "@lightwire/netif";

/** Options of {@linkcode ModemRadio}. */
export interface ModemRadioOptions {
  /** Time from power-up to the end of the search, in milliseconds. */
  readonly searchMs: number;
  /** How the search ends: 1 home, 2 never, 3 denied, 5 roaming. */
  readonly registration: 1 | 2 | 3 | 5;
  /** Strength of the signal, 0 to 31, or 99. */
  readonly rssi: number;
  /** Whether the network refuses packets. */
  readonly isAttachRefused: boolean;
}

/** What there is to hear before the search begins. */
const UNKNOWN_RSSI = 99;

/** A radio. */
export class ModemRadio {
  /** Called when the registration has changed. */
  onChange: () => void = () => {};
  readonly #timer: Timer;
  readonly #options: ModemRadioOptions;
  #functionality = 1;
  #isSimReady = false;
  #registration = 0;
  #isDetached = false;
  #isDeregistered = false;
  #rssi: number;

  /** Makes a radio that is on, and waits for the SIM. */
  constructor(timers: TimerQueue, options: ModemRadioOptions) {
    this.#options = options;
    this.#rssi = options.rssi;
    this.#timer = timers.create(() => this.#set(options.registration));
  }

  /** `+CFUN`: 0 least, 1 full, 4 no radio. */
  get functionality(): number {
    return this.#functionality;
  }

  /** Registration: 0 no, 1 home, 2 searching, 3 denied, 5 roaming. */
  get registration(): number {
    return this.#registration;
  }

  /** Registration for packets. */
  get packetRegistration(): number {
    if (this.#options.isAttachRefused && this.isRegistered) return 3;
    return this.#isDetached && this.isRegistered ? 0 : this.#registration;
  }

  /** Whether a network has taken us. */
  get isRegistered(): boolean {
    return this.#registration === 1 || this.#registration === 5;
  }

  /** `+CGATT`. */
  get isAttached(): boolean {
    return this.isRegistered && !this.#isDetached && !this.#options.isAttachRefused;
  }

  /** Whether the network refuses packets. */
  get isAttachRefused(): boolean {
    return this.#options.isAttachRefused;
  }

  /** Strength of the signal: 0 to 31 in steps of 2 dB from −113 dBm, or 99. */
  get rssi(): number {
    return this.#functionality === 1 ? this.#rssi : UNKNOWN_RSSI;
  }

  /** The antenna is moved. */
  set rssi(value: number) {
    this.#rssi = value;
  }

  /** The SIM is ready: the search begins. */
  simReady(): void {
    this.#isSimReady = true;
    this.#search();
  }

  /** The network has been found long ago. */
  findAtOnce(): void {
    this.#timer.stop();
    this.#isSimReady = true;
    this.#set(this.#options.registration);
  }

  /** `+CFUN=`. */
  setFunctionality(value: number): void {
    this.#functionality = value;
    if (value === 1) this.#search();
    else {
      this.#timer.stop();
      this.#set(0);
    }
  }

  /** `+COPS=2` and back. */
  deregister(isOff: boolean): void {
    this.#isDeregistered = isOff;
    if (isOff) {
      this.#timer.stop();
      this.#set(0);
    } else this.#search();
  }

  /** `+CGATT=`. */
  attach(isOn: boolean): void {
    this.#isDetached = !isOn;
    this.onChange();
  }

  /** The network is lost, as in a tunnel; the search begins again. */
  loseNetwork(): void {
    this.#set(0);
    this.#search();
  }

  /** The modem starts anew, or is switched off. */
  stop(): void {
    this.#timer.stop();
    this.#isSimReady = false;
    this.#functionality = 1;
    this.#registration = 0;
    this.#isDetached = this.#isDeregistered = false;
  }

  #search(): void {
    if (!this.#isSimReady || this.#functionality !== 1 || this.#isDeregistered || this.isRegistered) return;
    this.#set(2);
    this.#timer.start(this.#options.searchMs);
  }

  #set(registration: number): void {
    if (registration === this.#registration) return;
    this.#registration = registration;
    this.onChange();
  }
}
