/** Bring-up, step "dial": the multiplexer, if asked for, and the call.
 *
 * @module
 */
import type { AtCommand, AtReply } from "./at_command.ts";
import { askWhy, classifyCause } from "./bring_up_context.ts";
import { makeGoodbye } from "./bring_up_modem.ts";
import type { BringUpRun } from "./bring_up_run.ts";
import { CmuxSession } from "./cmux_session.ts";
import type { LinkCause } from "./link_cause.ts";

/** How long a call may take by default. */
export const DEFAULT_DIAL_MS = 60_000;
/** Rest between the `OK` to `AT+CMUX` and the first frame by default. */
const CMUX_SETTLE_MS = 100;
/** Channels of commands and of data. */
const COMMANDS = 1;
const DATA = 2;

/** Starts the multiplexer: commands on one channel, data on another. A modem without one is used without.
 *
 * @param next Gets the session, `undefined` when there is none.
 */
export function multiplex(run: BringUpRun, next: (session: CmuxSession | undefined) => void): void {
  if (run.options.cmux !== true) return next(undefined);
  const line = run.engine;
  run.ask(run.profile.beginMultiplexer, (reply) => {
    if (reply.status !== "ok") {
      const said = reply.result?.errorText ?? reply.result?.text ?? "no answer";
      run.warn(undefined, `The modem has no multiplexer (${said}); going on without`, { answer: said });
      return next(undefined);
    }
    run.after(run.options.cmuxSettleMs ?? CMUX_SETTLE_MS, () => {
      const session = new CmuxSession(run.tap, run.host.timers, {
        channels: [COMMANDS, DATA],
        channelDelayMs: run.options.cmuxChannelDelayMs ?? 0,
      });
      session.open((outcome) => {
        if (run.isOver) return;
        if (!outcome.isOpen) {
          run.note(`(no channel ${outcome.failedChannel})`);
          run.tap.attach(line);
          return leaveMultiplexer(run, () => next(undefined));
        }
        run.note("(multiplexer: commands on channel 1, data on channel 2)");
        run.engine = run.makeEngine(session.channel(COMMANDS));
        run.dataEngine = run.makeEngine(session.channel(DATA));
        run.dataEngine.send("ATE0", () => {
          if (!run.isOver) next(session);
        });
      });
    });
  });
}

function leaveMultiplexer(run: BringUpRun, next: () => void): void {
  run.engine.escape((outcome) => {
    if (run.isOver) return;
    if (!outcome.isCommandMode) {
      return run.fail(
        "no-answer",
        "The modem began a multiplexer and then fell silent",
        "try without --cmux",
      );
    }
    run.warn(undefined, "The modem opens no channels of its multiplexer; going on without");
    next();
  }, { attempts: 0, goodbye: makeGoodbye() });
}

/** The command that dials. */
function dialCommand(run: BringUpRun): AtCommand {
  const { number, contextId = 1, dialMs = DEFAULT_DIAL_MS, answer } = run.options;
  if (answer === true) return { text: "ATA", timeoutMs: dialMs };
  if (number === undefined) return { ...run.profile.dial(contextId), timeoutMs: dialMs };
  return { text: `ATD${number}`, timeoutMs: dialMs };
}

/** Dials, or waits for a call and answers it; goes on when the modem is connected. */
export function dial(run: BringUpRun, next: () => void): void {
  const command = dialCommand(run);
  run.begin("dial", run.options.answer === true ? "Waiting for a call" : `Dialling ${command.text.slice(3)}`);
  const call = (): void => {
    run.dataEngine.send(command, (reply) => {
      if (run.isOver) return;
      if (reply.status === "connect") connected(run, reply, next);
      else if (reply.status !== "closed") notConnected(run, reply);
    });
  };
  if (run.options.answer !== true) return call();
  run.onUnsolicited = (line) => {
    if (line !== "RING") return;
    run.onUnsolicited = undefined;
    call();
  };
}

function connected(run: BringUpRun, reply: AtReply, next: () => void): void {
  const text = reply.result!.text;
  const speed = reply.result!.speed;
  run.modem.connect = text;
  run.done(text, { connect: text, speed });
  run.tap.reset();
  next();
}

const ADVICE: Readonly<Partial<Record<LinkCause, string>>> = {
  "busy": "try again later",
  "no-dialtone": "check the telephone line",
  "wrong-apn": "check --apn with the operator's settings",
  "attach-refused": "ask the operator whether the contract has data",
  "auth-failed": "check --user and --password",
};

function notConnected(run: BringUpRun, reply: AtReply): void {
  if (reply.status === "timeout") {
    // Whatever comes now takes the call back (V.250 §5.6.1).
    return run.dataEngine.send({ text: "ATH", timeoutMs: 3000 }, () => {
      run.fail("no-carrier", "The modem dialled and said nothing more", "try again, and look at the signal");
    });
  }
  askWhy(run, reply, (why) => {
    const cause = classifyCause(reply, why);
    const said = reply.result?.text ?? "nothing";
    const more = why === said || cause === "busy" || cause === "no-dialtone" ? "" : ` (${why})`;
    run.fail(
      cause,
      `The call was answered with ${said}${more}`,
      ADVICE[cause] ?? "check --number and --apn, and try again",
      { result: said, reason: why, errorCode: reply.result?.errorCode },
    );
  });
}
