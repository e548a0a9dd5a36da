/** {@linkcode ModemModes}: what a modem's line is used for, and the legal ways from one use to another.
 *
 * ```text
 *   undefined --detect--> command <--> data <--> paused --> command
 *                         command <--> cmux <--> cmux-data
 * ```
 *
 * @module
 */
import type { TimerQueue } from "@lightwire/netif/timers";
import type { SerialPort } from "../serial_port.ts";
import type { AtCommand } from "./at_command.ts";
import { HANG_UP, RESUME } from "./at_commands.ts";
import { AtEngine } from "./at_engine.ts";
import { makeGoodbye } from "./bring_up_modem.ts";
import { CmuxSession } from "./cmux_session.ts";
import { detectMode } from "./mode_detector.ts";
import { GENERIC_PROFILE, type ModemProfile } from "./modem_profile.ts";

/** What a line is used for. */
export type ModemMode =
  /** Not known yet: {@linkcode ModemModes.detect} finds out. */
  | "undefined"
  /** Commands. */
  | "command"
  /** A call. */
  | "data"
  /** Commands, with a call that `ATO` resumes. */
  | "paused"
  /** A multiplexer: commands on one channel, another one is free for a call. */
  | "cmux"
  /** A multiplexer with a call. */
  | "cmux-data";

const LEGAL: Readonly<Record<ModemMode, readonly ModemMode[]>> = {
  "undefined": [],
  "command": ["data", "cmux"],
  "data": ["paused", "command"],
  "paused": ["data", "command"],
  "cmux": ["cmux-data", "command"],
  "cmux-data": ["cmux"],
};

/** Whether there is a way from one mode to another without a third between them. */
export function isLegalModeChange(from: ModemMode, to: ModemMode): boolean {
  return LEGAL[from].includes(to);
}

/** Options of {@linkcode ModemModes}. */
export interface ModemModesOptions {
  /** The make; the generic one by default. */
  readonly profile?: ModemProfile;
  /** What enters data; by default what the make dials for context 1. */
  readonly dial?: AtCommand;
  /** Rest behind the `OK` to `AT+CMUX`, in milliseconds; 100 by default. */
  readonly cmuxSettleMs?: number;
}

/** Channel of commands, and of data, until they are swapped. */
const CHANNELS: readonly [number, number] = [1, 2];
const CMUX_SETTLE_MS = 100;

/** One modem. */
export class ModemModes {
  /** Told of every change, also when the modem ends a call by itself. */
  onChanged: ((mode: ModemMode) => void) | undefined = undefined;
  readonly #port: SerialPort;
  readonly #timers: TimerQueue;
  readonly #profile: ModemProfile;
  readonly #dial: AtCommand;
  readonly #settleMs: number;
  readonly #line: AtEngine;
  #mode: ModemMode = "undefined";
  #isChanging = false;
  #session: CmuxSession | undefined = undefined;
  #engines: AtEngine[] = [];
  #isSwapped = false;

  /** Makes a controller; the mode is undefined. */
  constructor(port: SerialPort, timers: TimerQueue, options: ModemModesOptions = {}) {
    this.#port = port;
    this.#timers = timers;
    this.#profile = options.profile ?? GENERIC_PROFILE;
    this.#dial = options.dial ?? this.#profile.dial(1);
    this.#settleMs = options.cmuxSettleMs ?? CMUX_SETTLE_MS;
    this.#line = this.#makeEngine(port);
  }

  /** The present mode. */
  get mode(): ModemMode {
    return this.#mode;
  }

  /** Takes commands, except in mode "data". */
  get commands(): AtEngine {
    return this.#engines[this.#isSwapped ? 1 : 0] ?? this.#line;
  }

  /** Carries the call. */
  get data(): AtEngine {
    return this.#engines[this.#isSwapped ? 0 : 1] ?? this.#line;
  }

  /** Finds out what the modem was left in, and brings it to commands: hangs up, or closes a multiplexer down.
   *
   * @param onDone Called once, with what was found.
   */
  detect(onDone: (found: "command" | "data" | "cmux" | "unknown") => void): void {
    if (this.#isChanging || this.#mode !== "undefined") return onDone("unknown");
    this.#isChanging = true;
    detectMode(this.#port, this.#timers, (found) => {
      this.#port.attach(this.#line);
      const done = (isCommand: boolean) => {
        this.#isChanging = false;
        if (isCommand) this.#become("command");
        onDone(found);
      };
      if (found === "command" || found === "unknown") return done(found === "command");
      this.#line.escape((outcome) => done(outcome.isCommandMode), {
        attempts: found === "data" ? 2 : 0,
        goodbye: makeGoodbye(),
      });
    });
  }

  /** Changes the mode.
   *
   * @param onDone Called once, with whether it is that mode now; false at once for a way that is not legal.
   */
  set(mode: ModemMode, onDone: (isDone: boolean) => void): void {
    const from = this.#mode;
    if (this.#isChanging || !isLegalModeChange(from, mode)) return onDone(false);
    this.#isChanging = true;
    const done = (isDone: boolean) => {
      this.#isChanging = false;
      if (isDone) this.#become(mode);
      onDone(isDone);
    };
    if (mode === "data" || mode === "cmux-data") return this.#enterData(from === "paused", done);
    if (mode === "paused") return this.#pause(done);
    if (mode === "cmux" && from === "command") return this.#enterCmux(done);
    if (mode === "command" && from === "cmux") return this.#leaveCmux(done);
    this.#hangUp(from === "paused", done);
  }

  /** Exchanges the channels of commands and of data, in mode "cmux"; some modems take calls on the first one only.
   *
   * @returns whether that could be done.
   */
  swap(): boolean {
    if (this.#mode !== "cmux" || this.#isChanging) return false;
    this.#isSwapped = !this.#isSwapped;
    return true;
  }

  /** Brings both sides of the multiplexer in step again, after errors on the line.
   *
   * @param onDone Called once, with whether they are.
   */
  recover(onDone: (isInStep: boolean) => void): void {
    if (this.#session === undefined) onDone(false);
    else this.#session.recover(onDone);
  }

  #makeEngine(port: SerialPort): AtEngine {
    const engine = new AtEngine(port, this.#timers);
    engine.onCarrierLost = () => {
      if (this.#isChanging) return;
      if (this.#mode === "data") this.#become("command");
      else if (this.#mode === "cmux-data") this.#become("cmux");
    };
    engine.onClosed = () => {
      if (this.#session === undefined || !this.#isChanging) this.#become("undefined");
    };
    return engine;
  }

  #become(mode: ModemMode): void {
    if (mode === this.#mode) return;
    this.#mode = mode;
    this.onChanged?.(mode);
  }

  #enterData(isPaused: boolean, done: (isDone: boolean) => void): void {
    const { data } = this;
    data.send(isPaused ? RESUME : this.#dial, (reply) => {
      if (reply.status === "connect" && isPaused) data.dataPort.writable();
      done(reply.status === "connect");
    });
  }

  #pause(done: (isDone: boolean) => void): void {
    this.#line.escape((outcome) => {
      if (outcome.isHungUp) this.#become("command");
      done(outcome.isCommandMode && !outcome.isHungUp);
    }, { attempts: 2, canDropDtr: false });
  }

  #hangUp(isPaused: boolean, done: (isDone: boolean) => void): void {
    const { data } = this;
    const hangUp = (): void => {
      data.dataPort.end(undefined);
      data.send(HANG_UP, (reply) => done(reply.status === "ok" || reply.status === "error"));
    };
    if (isPaused) return hangUp();
    if (data.mode !== "data") return done(true); // the modem was quicker
    data.escape((outcome) => outcome.isCommandMode ? hangUp() : done(false), { attempts: 2 });
  }

  #enterCmux(done: (isDone: boolean) => void): void {
    this.#line.send(this.#profile.beginMultiplexer, (reply) => {
      if (reply.status !== "ok") return done(false);
      const timer = this.#timers.create(() => {
        const session = new CmuxSession(this.#port, this.#timers, { channels: CHANNELS });
        session.open(({ isOpen }) => {
          if (!isOpen) {
            this.#port.attach(this.#line);
            return done(false);
          }
          this.#session = session;
          this.#isSwapped = false;
          this.#engines = CHANNELS.map((dlci) => this.#makeEngine(session.channel(dlci)));
          done(true);
        });
      });
      timer.start(this.#settleMs);
    });
  }

  #leaveCmux(done: (isDone: boolean) => void): void {
    this.#session!.shut(() => {
      this.#session = undefined;
      this.#engines = [];
      this.#port.attach(this.#line);
      done(true);
    });
  }
}
