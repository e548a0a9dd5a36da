/** {@linkcode SimulatedModem}: a cellular modem with a network behind it, on the end of a serial cable.
 *
 * @module
 */
import type { Timer } from "@lightwire/netif";
import type { PppHost } from "../ppp_session.ts";
import type { SerialInputLines, SerialPort, SerialSink } from "../serial_port.ts";
import type { AtInvocation, AtOutcome } from "./at_outcome.ts";
import { AtSession, type AtSessionChannel, type AtSessionOwner } from "./at_session.ts";
import { executeCommand } from "./command_table.ts";
import { DataCall } from "./data_call.ts";
import { LeftoverPeer } from "./leftover_peer.ts";
import { createImpairment } from "./line_faults.ts";
import { behaviourOf, type ModemBehaviour } from "./modem_behaviour.ts";
import { defaultSettings, ModemCore, type ModemCoreOwner } from "./modem_core.ts";
import { MODEM_MODELS } from "./modem_model.ts";
import { DEFAULT_MUX_INFORMATION, MuxResponder } from "./mux_responder.ts";
import { type ModemLine, modemLineOf, SimulatedCable } from "./serial_cable.ts";
import { DEFAULT_SIMULATED_PIN } from "./sim_card.ts";
import {
  DEFAULT_CONNECT_MS,
  DEFAULT_SEARCH_MS,
  DEFAULT_START_UNIX_MS,
  NOISE_MS,
  operatorOptions,
  type SimulatedModemOptions,
  WRONG_BAUDS,
} from "./simulated_modem_options.ts";
import { SimulatedOperator } from "./simulated_operator.ts";

/** Length of the pulse on RI, in milliseconds. */
const RING_MS = 1000;

/** A modem. */
export class SimulatedModem {
  /** The computer's end of the cable; with {@linkcode SimulatedModemOptions.line}, that line. */
  readonly port: SerialPort;
  /** The network. */
  readonly operator: SimulatedOperator;
  /** The modem's insides, for tests: SIM, radio, contexts, messages. */
  readonly core: ModemCore;
  readonly #host: PppHost;
  readonly #options: SimulatedModemOptions;
  readonly #behaviour: ModemBehaviour;
  readonly #cable: SimulatedCable | undefined;
  readonly #line: ModemLine;
  readonly #timers = new Set<Timer>();
  #session: AtSession;
  #baudRate: number;
  #lines: SerialInputLines = { dcd: false, cts: true, dsr: true, ri: false };
  #isOn = false;
  #isClosed = false;
  #isRinging = false;
  #isLeft = true;
  #interruptions = 0;
  #mux: MuxResponder | undefined = undefined;
  readonly #noiseTimer: Timer;

  /** Switches a modem on. */
  constructor(host: PppHost, options: SimulatedModemOptions = {}) {
    const { baudRate = 115200, fault, model = "generic" } = options;
    this.#host = host;
    this.#options = options;
    this.#behaviour = behaviourOf(fault);
    const isWrong = this.#behaviour.hasWrongBaud;
    this.#baudRate = isWrong ? WRONG_BAUDS[baudRate === WRONG_BAUDS[0] ? 1 : 0] : baudRate;
    const operator = options.operator;
    this.operator = operator instanceof SimulatedOperator
      ? operator
      : new SimulatedOperator(host, operatorOptions(options, operator));
    this.core = new ModemCore(this.#coreOwner(), {
      timers: host.timers,
      operator: this.operator,
      model: MODEM_MODELS[model],
      behaviour: this.#behaviour,
      pin: options.pin ?? (this.#behaviour.sim === "pin" ? DEFAULT_SIMULATED_PIN : undefined),
      searchMs: 0.8 * (options.searchMs ?? DEFAULT_SEARCH_MS),
      connectMs: options.connectMs ?? DEFAULT_CONNECT_MS,
      startUnixMs: options.startUnixMs ?? DEFAULT_START_UNIX_MS,
    });
    if (options.line === undefined) {
      this.#cable = new SimulatedCable({
        timers: host.timers,
        ...(options.computerTimers === undefined ? {} : { computerTimers: options.computerTimers }),
        random: host.random,
        computerBaud: baudRate,
        modemBaud: this.#baudRate,
      });
      this.#cable.onModemMismatch((baud, bytes) => this.#hearsOtherSpeed(baud, bytes));
      const hasCall = () => [...this.core.sessions].some((session) => session.isInData);
      const line = options.eatsFlowCharacters === true ? "eats-xon-xoff" : this.#behaviour.line;
      this.#cable.impair(
        createImpairment(line, baudRate, hasCall),
        createImpairment(line, baudRate, hasCall),
      );
      this.#line = this.#cable.modem;
      this.port = this.#cable.computer;
    } else {
      this.#line = modemLineOf(options.line);
      this.port = options.line;
    }
    this.#noiseTimer = host.timers.create(() => this.#makeNoise());
    this.#session = this.#makeSession({
      write: (bytes, start, end) => this.#line.write(bytes, start, end),
      setCarrier: (dcd) => this.#driveLines({ dcd }),
    });
    this.#line.attach(this.#makeSink());
    if (this.#behaviour.isAlive) this.#powerUp();
  }

  /** Whether the modem is switched on. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** Speed of the modem's end. */
  get baudRate(): number {
    return this.#baudRate;
  }

  /** The multiplexer, while there is one. */
  get mux(): MuxResponder | undefined {
    return this.#mux;
  }

  /** The interpreter on the line; while there is a multiplexer, it sleeps. */
  get session(): AtSession {
    return this.#session;
  }

  /** The connection is lost: `NO CARRIER` on every line that carries data. */
  loseCarrier(): void {
    this.core.lastFailure = "Radio link failure";
    for (const session of this.core.sessions) session.endCall("NO CARRIER");
  }

  /** Somebody calls: `RING`, and a pulse on RI. `ATA` answers, or S0 by itself, with the network's PPP side behind it. */
  ring(): void {
    if (!this.#isOn) return;
    this.#isRinging = true;
    this.#driveLines({ ri: true });
    this.core.broadcast("RING");
    this.#after(RING_MS, () => this.#driveLines({ ri: false }));
    if ((this.#session.registers.get(0) ?? 0) > 0) this.#session.answer();
  }

  /** A message arrives. */
  receiveSms(number: string, text: string, time: string): void {
    const index = this.core.sms.add({ status: "REC UNREAD", number, time, text });
    const { smsReport } = this.core.settings;
    if (smsReport === 1 && index !== undefined) this.core.broadcast(`+CMTI: "SM",${index}`);
    if (smsReport === 2) this.core.broadcast(`+CMT: "${number}",,"${time}"\r\n${text}`);
  }

  /** Says a line that nobody asked for. */
  say(line: string): void {
    if (this.#isOn) this.core.broadcast(line);
  }

  /** Unplugs the cable; no timer is left. */
  close(): void {
    if (this.#isClosed) return;
    this.#powerDown();
    this.#isClosed = true;
    this.#line.close();
  }

  #coreOwner(): ModemCoreOwner {
    return {
      // The result of the command is sent first, and at the old speed.
      beginMultiplexer: (size) => this.#after(0, () => this.#beginMultiplexer(size)),
      later: (ms, callback) => this.#after(ms, callback),
      restart: (isOff) => this.#restart(isOff),
      setBaudRate: (baud) => this.#after(0, () => this.#setBaudRate(baud)),
      connect: (session, cid, number) => this.#connect(session, cid, number),
      takeRing: () => {
        const wasRinging = this.#isRinging;
        this.#isRinging = false;
        return wasRinging;
      },
    };
  }

  #makeSink(): SerialSink {
    return {
      serialInput: (bytes) => {
        if (this.#isOn) (this.#mux ?? this.#session).input(bytes);
      },
      serialWritable: () => (this.#mux ?? this.#session).writable(),
      serialLinesChanged: ({ dsr }) => {
        if (!this.#isOn) return;
        if (this.#mux !== undefined && !dsr) this.#endMultiplexer();
        this.#session.dtrChanged(dsr);
      },
      serialClosed: () => this.close(),
    };
  }

  #makeSession(channel: AtSessionChannel): AtSession {
    const session = new AtSession(this.#sessionOwner(), channel);
    this.core.sessions.add(session);
    return session;
  }

  #beginMultiplexer(size: number): void {
    if (this.#mux !== undefined) return;
    this.core.sessions.delete(this.#session);
    this.#mux = new MuxResponder({
      write: (bytes, start, end) => this.#line.write(bytes, start, end),
      openSession: (channel) => this.#makeSession(channel),
      closeSession: (session) => {
        session.shut();
        this.core.sessions.delete(session);
      },
      muxClosed: () => this.#endMultiplexer(),
    }, size);
  }

  #endMultiplexer(): void {
    this.#mux?.shut();
    this.#mux = undefined;
    this.core.sessions.add(this.#session);
  }

  #sessionOwner(): AtSessionOwner {
    const { core } = this;
    const { connectText } = core.model;
    return {
      timers: this.#host.timers,
      get errorLevel(): number {
        return core.settings.errorLevel;
      },
      connectText: connectText === "none" ? "" : connectText === "air" ? "150000000" : String(this.#baudRate),
      execute: (session: AtSession, invocation: AtInvocation): AtOutcome =>
        executeCommand(core, session, invocation),
      interruption: () => this.#interruption(),
      resetByDtr: () => {
        core.settings = defaultSettings();
        this.#session.restoreDefaults();
      },
    };
  }

  /** One line of noise in three replies. */
  #interruption(): string | undefined {
    const { noise } = this.core.model;
    if (this.#options.isNoisy !== true || ++this.#interruptions % 3 !== 0) return undefined;
    return noise[(this.#interruptions / 3) % noise.length];
  }

  #powerUp(): void {
    const { core } = this;
    this.#isOn = true;
    core.sim.powerUp();
    this.#driveLines({ dsr: true, cts: true, dcd: false });
    if (this.#options.isNoisy === true) this.#noiseTimer.start(NOISE_MS);
    const leftIn = this.#isLeft ? this.#options.leftIn ?? this.#behaviour.leftIn : "command";
    this.#isLeft = false;
    if (leftIn === "multiplexer") this.#beginMultiplexer(DEFAULT_MUX_INFORMATION);
    else if (leftIn !== "command") return this.#resumeLeftover();
    this.#after(0.2 * (this.#options.searchMs ?? DEFAULT_SEARCH_MS), () => core.sim.read());
    for (const [at, line] of core.model.startLines) {
      this.#after(at, () => {
        if (line !== "+CPIN: READY") core.broadcast(line);
        else if (core.sim.state !== "absent") core.broadcast(`+CPIN: ${core.sim.text}`);
      });
    }
  }

  /** A call from before the computer's program was started. */
  #resumeLeftover(): void {
    const { core } = this;
    core.sim.read();
    core.radio.findAtOnce();
    core.activate(core.contexts.define(1, "IP", ""));
    const call = this.#makeCall(this.#session);
    const isStuck = this.#behaviour.leftIn === "stuck-data";
    const peer = new LeftoverPeer(call, core.timers, isStuck, () => this.#session.endCall("NO CARRIER"));
    call.onBegin = () => peer.begin();
    call.onEnd = () => {
      peer.end();
      for (const [, context] of core.contexts.defined) core.deactivate(context);
    };
    this.#session.beginData(call);
  }

  #makeNoise(): void {
    const { noise } = this.core.model;
    this.core.broadcast(noise[this.#interruptions++ % noise.length]!);
    this.#noiseTimer.start(NOISE_MS);
  }

  #powerDown(): void {
    this.#isOn = false;
    this.#noiseTimer.stop();
    if (this.#mux !== undefined) this.#endMultiplexer();
    for (const timer of this.#timers) timer.stop();
    this.#timers.clear();
    for (const session of this.core.sessions) session.shut();
    this.core.radio.stop();
    for (const [, context] of this.core.contexts.defined) this.core.deactivate(context);
  }

  #restart(isOff: boolean): void {
    // The result of the command that asked for it is sent first.
    this.#after(0, () => {
      const [, farewell] = this.core.model.powerOff;
      if (isOff && farewell !== "") this.core.broadcast(farewell);
      this.#powerDown();
      this.core.settings = defaultSettings();
      this.#session.restoreDefaults();
      if (isOff) this.#driveLines({ dsr: false, cts: false, dcd: false });
      else this.#after(500, () => this.#powerUp());
    });
  }

  #after(ms: number, callback: () => void): void {
    const timer = this.#host.timers.create(() => {
      this.#timers.delete(timer);
      callback();
    });
    this.#timers.add(timer);
    timer.start(ms);
  }

  #driveLines(change: Partial<SerialInputLines>): void {
    this.#lines = { ...this.#lines, ...change };
    this.#line.setModemLines(this.#lines);
  }

  #setBaudRate(baud: number): void {
    this.#baudRate = baud;
    this.#line.setBaudRate(baud);
  }

  /** An `A` at another speed, in command mode: an auto-bauding modem takes the speed over. */
  #hearsOtherSpeed(baud: number, bytes: Uint8Array): boolean {
    const { core } = this;
    const canAdapt = this.#options.isAutoBaud ?? core.model.isAutoBaud;
    if (!canAdapt || this.#behaviour.hasWrongBaud || !this.#isOn) return false;
    if (core.settings.baudRate !== 0 || this.#session.isInData) return false;
    if (bytes[0] !== 0x41 && bytes[0] !== 0x61) return false;
    this.#setBaudRate(baud);
    return true;
  }

  #connect(session: AtSession, cid: number, number: string): "NO CARRIER" | undefined {
    const { core, operator } = this;
    const refuse = (why: string) => {
      core.lastFailure = why;
      return "NO CARRIER" as const;
    };
    if (core.sim.refusal() !== undefined) return refuse("SIM not ready");
    const { failure } = this.#behaviour;
    if (!core.radio.isRegistered) {
      return refuse(core.radio.registration === 0 ? "No network service" : failure);
    }
    if (core.radio.isAttachRefused) return refuse(failure);
    const context = core.contexts.get(cid) ?? core.contexts.define(cid, "IP", "");
    if (context.hangUp !== undefined) return refuse("Context in use");
    if (!core.activate(context)) return "NO CARRIER";
    const call = this.#makeCall(session);
    const request = { apn: context.apn, type: context.type, number, behaviour: this.#behaviour.ppp };
    const over = () => session.endCall("NO CARRIER");
    const far = operator.answer(call, request, context.address!, this.#options.answer, over);
    context.hangUp = over;
    call.onBegin = () => far.begin();
    call.onEnd = () => {
      context.hangUp = undefined;
      far.end();
      core.deactivate(context);
    };
    session.connect(call);
    return undefined;
  }

  #makeCall(session: AtSession): DataCall {
    return new DataCall(
      {
        writeData: (bytes, start, end) => session.writeData(bytes, start, end),
        escape: () => session.escape(),
      },
      this.#host.timers,
      {
        guardMs: 20 * (session.registers.get(12) ?? 50),
        escapeCharacter: session.registers.get(2) ?? 43,
        isLooped: this.#behaviour.ppp === "looped",
        isStuck: this.#behaviour.leftIn === "stuck-data",
      },
    );
  }
}
