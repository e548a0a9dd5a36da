/** Bring-up, step "sim": waits for the SIM, and enters the PIN once if there is one to enter.
 *
 * @module
 */
import type { AtReply } from "./at_command.ts";
import { enterPin, QUERY_SIM, readReply } from "./at_commands.ts";
import { findValues } from "./at_values.ts";
import type { BringUpRun } from "./bring_up_run.ts";

/** How long a SIM that is starting may take by default. */
export const DEFAULT_SIM_MS = 20_000;
const POLL_MS = 500;
/** `+CME ERROR` numbers of a SIM that will be there soon (3GPP TS 27.007 §9.2). */
const BUSY: ReadonlySet<number> = new Set([14]);
const INCORRECT_PASSWORD = 16;

/** Waits for the SIM. */
export function readySim(run: BringUpRun, next: () => void): void {
  if (!run.isCellular) return next();
  run.begin("sim", "Asking the SIM");
  const until = run.now() + (run.options.simMs ?? DEFAULT_SIM_MS);
  askSim(run, until, false, next);
}

function askSim(run: BringUpRun, until: number, isPinEntered: boolean, next: () => void): void {
  run.ask({ text: "AT+CPIN?", timeoutMs: 5000 }, (reply) => {
    const state = readReply(QUERY_SIM, reply);
    if (state === undefined) return simUnknown(run, reply, until, isPinEntered, next);
    const fields = { sim: state.text };
    switch (state.status) {
      case "ready":
      case "pin2":
      case "puk2":
        run.done(isPinEntered ? "SIM ready, PIN accepted" : "SIM ready", fields);
        return next();
      case "pin":
        if (isPinEntered && run.now() < until) {
          return run.after(POLL_MS, () => askSim(run, until, true, next)); // it reads the SIM's files now
        }
        return givePin(run, until, isPinEntered, next);
      case "puk":
        return run.fail(
          "sim-puk",
          "The SIM is locked after three wrong PINs",
          `unlock it in a telephone, or with pppup at 'AT+CPIN="PUK","NEW PIN"'`,
          fields,
        );
      default:
        return run.fail(
          "no-sim",
          `No use of this SIM: ${state.meaning}`,
          "use the SIM that belongs to it",
          fields,
        );
    }
  });
}

function simUnknown(
  run: BringUpRun,
  reply: AtReply,
  until: number,
  isPinEntered: boolean,
  next: () => void,
): void {
  const code = reply.result?.errorCode;
  const isStarting = reply.status === "timeout" || (code !== undefined && BUSY.has(code)) || isPinEntered;
  if (isStarting && run.now() < until) {
    return run.after(POLL_MS, () => askSim(run, until, isPinEntered, next));
  }
  const said = reply.result?.errorText ?? reply.result?.text ?? "no answer";
  run.fail(
    "no-sim",
    `The modem finds no SIM (${said})`,
    "put one in, the right way round, and restart the modem",
    {
      errorCode: code,
      answer: said,
    },
  );
}

/** Once at most, and not if it is the last attempt that the SIM allows: after it only the PUK helps. */
function givePin(run: BringUpRun, until: number, isPinEntered: boolean, next: () => void): void {
  const { pin } = run.options;
  if (isPinEntered) {
    return run.fail("sim-pin", "The SIM still wants its PIN", "restart the modem");
  }
  if (pin === undefined) {
    return run.fail("sim-pin", "The SIM wants its PIN", "give --pin, or switch the PIN off in a telephone");
  }
  run.ask({ text: 'AT+CPINR="SIM PIN"', timeoutMs: 5000 }, (reply) => {
    const left = Number(findValues(reply.lines, "+CPINR")?.[1] ?? "3");
    if (left <= 1) {
      return run.fail(
        "sim-pin",
        "The SIM allows one more attempt at its PIN, which is not risked here",
        "enter the PIN in a telephone",
        { attemptsLeft: left },
      );
    }
    run.ask(enterPin(pin), (answer) => {
      if (answer.status === "ok") return askSim(run, until, true, next);
      const isWrong = answer.result?.errorCode === INCORRECT_PASSWORD;
      const said = answer.result?.errorText ?? answer.result?.text ?? "no answer";
      run.fail(
        "sim-pin",
        isWrong ? "The PIN is wrong" : `The SIM did not take the PIN (${said})`,
        "check it; it is not tried again, as the third wrong one locks the SIM",
        { errorCode: answer.result?.errorCode },
      );
    });
  });
}
