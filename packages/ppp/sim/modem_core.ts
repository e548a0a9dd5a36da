/** {@linkcode ModemCore}: what the commands of the simulated modem work on.
 *
 * @module
 */
import type { TimerQueue } from "@lightwire/netif";
import type { AtSession } from "./at_session.ts";
import type { ModemBehaviour } from "./modem_behaviour.ts";
import type { ModemModel } from "./modem_model.ts";
import { ModemRadio } from "./modem_radio.ts";
import { type PacketContext, PacketContexts } from "./packet_contexts.ts";
import { SimCard } from "./sim_card.ts";
import type { SimulatedOperator } from "./simulated_operator.ts";
import { SmsStore } from "./sms_store.ts";

/** Registrations with a command of their own. */
export type RegistrationCommand = "CREG" | "CGREG" | "CEREG";

/** What commands set, and `&F` sets back. */
export interface ModemSettings {
  /** `+CMEE`. */
  errorLevel: number;
  /** `+CREG`, `+CGREG`, `+CEREG`: 0 silent, 1 tell changes, 2 with the place. */
  readonly reports: Record<RegistrationCommand, number>;
  /** `+COPS` format: 0 long, 1 short, 2 numeric. */
  operatorFormat: number;
  /** `+COPS` mode: 0 automatic, 1 by hand, 2 none. */
  operatorMode: number;
  /** `+CMGF`: 1 for text. */
  isSmsText: boolean;
  /** `+CSCS`. */
  characterSet: string;
  /** `+CNMI`: its second parameter, 1 for `+CMTI`, 2 for `+CMT`. */
  smsReport: number;
  /** `+IPR`; 0 finds the speed by itself. */
  baudRate: number;
  /** `+IFC`: towards the computer, towards the modem. */
  flow: string;
  /** `+ICF`. */
  framing: string;
  /** Settings that are kept and do nothing: name, value. */
  readonly kept: Map<string, string>;
}

/** Settings at the start. */
export function defaultSettings(): ModemSettings {
  return {
    errorLevel: 0,
    reports: { CREG: 0, CGREG: 0, CEREG: 0 },
    operatorFormat: 0,
    operatorMode: 0,
    isSmsText: false,
    characterSet: "GSM",
    smsReport: 0,
    baudRate: 0,
    flow: "2,2",
    framing: "3,3",
    kept: new Map(),
  };
}

/** What the modem around the core does for commands. */
export interface ModemCoreOwner {
  /** `AT+CMUX=0`: the line speaks the multiplexer once the result is sent. */
  beginMultiplexer(maxPayload: number): void;
  /** Does something in a while, unless the modem is switched off before. */
  later(ms: number, callback: () => void): void;
  /** The modem starts anew, or is off with `isOff`. */
  restart(isOff: boolean): void;
  /** `AT+IPR=`: the speed changes once the result is sent. */
  setBaudRate(baud: number): void;
  /** Puts a call through.
   *
   * @returns Why not, `undefined` when the session has said `CONNECT`.
   */
  connect(session: AtSession, cid: number, number: string): "NO CARRIER" | undefined;
  /** Ends a call that waits to be answered. Returns whether there was one. */
  takeRing(): boolean;
}

/** Options of {@linkcode ModemCore}. */
export interface ModemCoreOptions {
  /** Source of time. */
  readonly timers: TimerQueue;
  /** The network. */
  readonly operator: SimulatedOperator;
  /** The make. */
  readonly model: ModemModel;
  /** What goes wrong. */
  readonly behaviour: ModemBehaviour;
  /** PIN of the SIM; `undefined` when it wants none. */
  readonly pin: string | undefined;
  /** Length of the search for a network, in milliseconds. */
  readonly searchMs: number;
  /** From dialling to `CONNECT`, in milliseconds. */
  readonly connectMs: number;
  /** Wall clock when the modem was made, in milliseconds since 1970. */
  readonly startUnixMs: number;
}

/** Serial number of the simulated modem: one of the numbers for tests. */
export const SIMULATED_IMEI = "351602000330570";
/** Number of the simulated contract: in the network 00101, which is for tests. */
export const SIMULATED_IMSI = "001010123456789";
/** Number of the simulated SIM card. */
export const SIMULATED_ICCID = "8988211000000000001";

/** State of a modem. */
export class ModemCore {
  /** Source of time. */
  readonly timers: TimerQueue;
  /** The network. */
  readonly operator: SimulatedOperator;
  /** The make. */
  readonly model: ModemModel;
  /** What goes wrong. */
  readonly behaviour: ModemBehaviour;
  /** The SIM. */
  readonly sim: SimCard;
  /** The radio. */
  readonly radio: ModemRadio;
  /** Contexts for packets. */
  readonly contexts: PacketContexts = new PacketContexts();
  /** Messages. */
  readonly sms: SmsStore = new SmsStore();
  /** What commands have set. */
  settings: ModemSettings = defaultSettings();
  /** What `&W` has stored of an interpreter, for `Z`. */
  profile: ReadonlyMap<string, number> = new Map();
  /** Interpreters, one on each channel. */
  readonly sessions: Set<AtSession> = new Set();
  /** Why the last call or context failed, for `+CEER`. */
  lastFailure: string = "No report available";
  /** From dialling to `CONNECT`, in milliseconds. */
  readonly connectMs: number;
  /** What the modem does for commands. */
  readonly owner: ModemCoreOwner;
  readonly #startUnixMs: number;
  #clockOffsetMs = 0;

  /** Makes a modem that is off. */
  constructor(owner: ModemCoreOwner, options: ModemCoreOptions) {
    const { behaviour } = options;
    this.owner = owner;
    this.timers = options.timers;
    this.operator = options.operator;
    this.model = options.model;
    this.behaviour = behaviour;
    this.connectMs = options.connectMs;
    this.#startUnixMs = options.startUnixMs - options.timers.clock.now();
    this.sim = new SimCard({
      state: behaviour.sim,
      pin: options.pin,
      imsi: SIMULATED_IMSI,
      iccid: SIMULATED_ICCID,
    });
    this.radio = new ModemRadio(options.timers, {
      searchMs: options.searchMs,
      registration: behaviour.registration,
      rssi: behaviour.rssi,
      isAttachRefused: behaviour.isAttachRefused,
    });
    this.sim.onReady = () => this.radio.simReady();
    this.radio.onChange = () => this.#registrationChanged();
  }

  /** The modem's idea of the time, in milliseconds since 1970. */
  get unixMs(): number {
    return this.#startUnixMs + this.timers.clock.now() + this.#clockOffsetMs;
  }

  /** `+CCLK=`. */
  set unixMs(value: number) {
    this.#clockOffsetMs += value - this.unixMs;
  }

  /** Says a line on each channel that takes commands. */
  broadcast(line: string): void {
    const all = [...this.sessions];
    const listening = all.filter((session) => !session.isInData);
    for (const session of listening.length > 0 ? listening : all) session.say(line);
  }

  /** Ends all calls and contexts, as when the network or the radio is lost. */
  dropCalls(): void {
    for (const session of this.sessions) session.endCall("NO CARRIER");
    for (const [, context] of this.contexts.defined) this.deactivate(context);
  }

  /** Asks the network for a context.
   *
   * @returns Whether it has one; {@linkcode ModemCore.lastFailure} tells why not.
   */
  activate(context: PacketContext): boolean {
    if (context.address !== undefined) return true;
    const isKnown = !this.behaviour.isApnUnknown && this.operator.findApn(context.apn) !== undefined;
    context.address = isKnown ? this.operator.takeAddress() : undefined;
    if (context.address !== undefined) return true;
    this.lastFailure = isKnown ? "Insufficient resources" : "Missing or unknown APN";
    return false;
  }

  /** Gives a context back. */
  deactivate(context: PacketContext): void {
    if (context.address === undefined) return;
    this.operator.releaseAddress(context.address);
    context.address = undefined;
  }

  /** Text of a registration, from its state on: `1,"1A2B","01A2D101",7`. */
  registrationText(command: RegistrationCommand): string {
    const state = command === "CREG" ? this.radio.registration : this.radio.packetRegistration;
    const isPlaceTold = this.settings.reports[command] === 2 && (state === 1 || state === 5);
    return isPlaceTold ? `${state},"1A2B","01A2D101",${this.model.technology}` : String(state);
  }

  #registrationChanged(): void {
    for (const command of this.model.domains) {
      if (this.settings.reports[command] > 0) {
        this.broadcast(`+${command}: ${this.registrationText(command)}`);
      }
    }
    if (!this.radio.isRegistered) this.dropCalls();
  }
}
