/** Bring-up, steps "signal" and "registration": what the radio hears, and whether a network takes the modem in.
 *
 * @module
 */
import { QUERY_OPERATOR, QUERY_SIGNAL, queryRegistration } from "./at_commands.ts";
import { parseRegistration, type Registration, type SignalQuality } from "./at_network.ts";
import type { BringUpRun } from "./bring_up_run.ts";

/** How long a radio may take to hear something by default. */
export const DEFAULT_SIGNAL_MS = 10_000;
/** How long a network may take to register the modem by default. */
export const DEFAULT_REGISTRATION_MS = 60_000;
/** How long a network has to refuse before it is believed: another one may be tried in the mean time. */
const DENIED_MS = 4000;
const POLL_MS = 500;

/** `−71 dBm, 4 of 5 bars`. */
export function signalText(signal: SignalQuality): string {
  if (signal.dbm === undefined) return "signal not known";
  return `${signal.dbm} dBm, ${signal.bars} of 5 bars`.replace("-", "−");
}

/** Measures the signal; a radio that hears nothing is given some time. */
export function measureSignal(run: BringUpRun, next: () => void): void {
  if (!run.isCellular) return next();
  run.begin("signal", "Measuring the signal");
  askSignal(run, run.now() + (run.options.signalMs ?? DEFAULT_SIGNAL_MS), next);
}

function askSignal(run: BringUpRun, until: number, next: () => void): void {
  run.query(QUERY_SIGNAL, (signal) => {
    if (signal !== undefined) noteSignal(run, signal);
    if (signal?.dbm !== undefined) {
      const { dbm, bars, rssi } = signal;
      run.done(signalText(signal), { dbm, bars, rssi });
      return next();
    }
    // Some modems do not measure in every network: a registration says more.
    askRegistrations(run, (registrations) => {
      if (registrations.some((r) => r.verdict === "registered")) {
        run.done("signal not told, but the modem is registered", { dbm: undefined, bars: 0 });
        return next();
      }
      if (run.now() < until) return run.after(POLL_MS, () => askSignal(run, until, next));
      run.fail(
        "no-signal",
        "The modem hears no network",
        "check the antenna and its plug, and try another place",
        {
          rssi: 99,
        },
      );
    });
  });
}

/** Keeps a measurement and hands it out. */
export function noteSignal(run: BringUpRun, signal: SignalQuality): void {
  run.modem.signal = signal;
  run.handlers.signal?.(signal);
}

/** Keeps what the network told and hands it out. */
export function noteRegistration(run: BringUpRun, registration: Registration): void {
  run.modem.registration = registration;
  if (registration.technology !== undefined) run.modem.technology = registration.technology;
  run.handlers.registration?.(registration);
}

/** Asks for the registrations that the modem has, the one for data first. */
function askRegistrations(
  run: BringUpRun,
  then: (registrations: readonly Registration[]) => void,
  found: readonly Registration[] = [],
  index: number = 0,
): void {
  const domain = run.profile.domains[index];
  if (domain === undefined) return then(found);
  run.query(queryRegistration(domain), (registration) => {
    const all = registration === undefined ? found : [...found, registration];
    if (registration?.verdict === "registered") return then(all);
    askRegistrations(run, then, all, index + 1);
  });
}

/** Waits until a network has registered the modem, or refuses to. */
export function awaitRegistration(run: BringUpRun, next: () => void): void {
  if (!run.isCellular) return next();
  run.begin("registration", "Waiting for a network");
  const urcs = run.profile.domains.map((domain) => `AT+${domain}=2`);
  run.sendAll(urcs, () => {
    const wait = new RegistrationWait(run, (registration) => askOperator(run, registration, next));
    wait.look();
  });
}

/** Polls, and listens to what the network tells on its own. */
class RegistrationWait {
  readonly #run: BringUpRun;
  readonly #onRegistered: (registration: Registration) => void;
  readonly #until: number;
  #deniedSince: number | undefined = undefined;
  #isOver = false;

  constructor(run: BringUpRun, onRegistered: (registration: Registration) => void) {
    this.#run = run;
    this.#onRegistered = onRegistered;
    this.#until = run.now() + (run.options.registrationMs ?? DEFAULT_REGISTRATION_MS);
    run.onUnsolicited = (line) => {
      const registration = parseRegistration(line);
      if (registration?.verdict === "registered") this.#registered(registration);
      else if (registration !== undefined) noteRegistration(run, registration);
    };
  }

  look(): void {
    askRegistrations(this.#run, (registrations) => {
      if (this.#isOver) return;
      const registered = registrations.find((r) => r.verdict === "registered");
      if (registered !== undefined) return this.#registered(registered);
      this.#judge(registrations);
    });
  }

  #registered(registration: Registration): void {
    if (this.#isOver || this.#run.isOver) return;
    this.#isOver = true;
    this.#run.onUnsolicited = undefined;
    noteRegistration(this.#run, registration);
    this.#onRegistered(registration);
  }

  #judge(registrations: readonly Registration[]): void {
    const run = this.#run;
    const now = run.now();
    const refused = registrations.find((r) => r.verdict === "denied" || r.verdict === "limited");
    const isSearching = registrations.some((r) => r.verdict === "searching");
    const main = refused ?? registrations[0];
    if (main !== undefined) noteRegistration(run, main);
    this.#deniedSince = refused === undefined || isSearching ? undefined : this.#deniedSince ?? now;
    const fields = { state: main?.state, domain: main?.domain };
    if (refused !== undefined && this.#deniedSince !== undefined && now - this.#deniedSince >= DENIED_MS) {
      this.#isOver = true;
      return run.fail(
        "registration-denied",
        `The network refuses the modem (+${refused.domain} ${refused.state}): ${refused.meaning}`,
        "ask the operator whether the SIM is active and may be used in this network and device",
        fields,
      );
    }
    if (now >= this.#until) {
      this.#isOver = true;
      const meaning = main?.meaning ?? "the modem does not tell its registration";
      return run.fail(
        "not-registered",
        `No network within ${
          Math.round((run.options.registrationMs ?? DEFAULT_REGISTRATION_MS) / 1000)
        } s: ${meaning}`,
        "check the antenna, the bands and the access technologies which the modem may use, and AT+COPS=0",
        fields,
      );
    }
    run.after(POLL_MS, () => this.look());
  }
}

function askOperator(run: BringUpRun, registration: Registration, next: () => void): void {
  run.ask("AT+COPS=3,0", () => {
    run.query(QUERY_OPERATOR, (operator) => {
      const { modem } = run;
      modem.operator = operator?.operator;
      modem.technology = operator?.technology ?? registration.technology;
      const where = modem.operator ?? "a network without a name";
      const how = modem.technology === undefined ? "" : `, ${modem.technology}`;
      const { domain, state, isRoaming } = registration;
      const fields = { operator: modem.operator, technology: modem.technology, domain, state, isRoaming };
      if (isRoaming) {
        run.warn("roaming", `Roaming in ${where}: data may be refused, or dear`, fields);
      }
      run.done(`${where}${how}, ${isRoaming ? "roaming" : "home network"}`, fields);
      next();
    });
  });
}
