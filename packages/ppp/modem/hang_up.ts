/** {@linkcode hangUp}: leaves a modem as the next program would like to find it: in command mode, with no call.
 *
 * @module
 */
import type { BringUpRun } from "./bring_up_run.ts";
import type { CmuxSession } from "./cmux_session.ts";

/** How long a modem gets to notice by itself that PPP is over. */
const NOTICE_MS = 700;
/** Time between two looks. */
const LOOK_MS = 50;
const DTR_LOW_MS = 400;
const REPLY_MS = 3000;

/** Hangs up. Works on a run that is over, too, as that is when it is called.
 *
 * @param then Called once, when the modem is in command mode or does not come back to it.
 */
export function hangUp(run: BringUpRun, cmux: CmuxSession | undefined, then: () => void): void {
  const { engine, dataEngine, tap, host } = run;
  const later = (ms: number, callback: () => void): void => host.timers.create(callback).start(ms);
  const end = (): void => {
    if (dataEngine.mode !== "data") return closeMultiplexer(run, cmux, then);
    if (cmux !== undefined) return closeMultiplexer(run, cmux, then); // which ends the call too
    if (tap.inputLines === undefined) return escapeAndHangUp(run, then);
    tap.setOutputLines({ dtr: false, rts: true });
    later(DTR_LOW_MS, () => {
      if (engine.mode === "closed") return then();
      tap.setOutputLines({ dtr: true, rts: true });
      if (engine.mode === "data") escapeAndHangUp(run, then);
      else then();
    });
  };
  const wait = (leftMs: number): void => {
    if (dataEngine.mode !== "data" || leftMs <= 0) end();
    else later(LOOK_MS, () => wait(leftMs - LOOK_MS));
  };
  wait(NOTICE_MS);
}

function escapeAndHangUp(run: BringUpRun, then: () => void): void {
  const { engine } = run;
  if (engine.mode !== "data" || engine.pending > 0) return then();
  engine.escape((outcome) => {
    if (!outcome.isCommandMode || outcome.isHungUp || engine.mode === "closed") return then();
    engine.send({ text: "ATH", timeoutMs: REPLY_MS }, () => then());
  }, { attempts: 1 });
}

function closeMultiplexer(run: BringUpRun, cmux: CmuxSession | undefined, then: () => void): void {
  if (cmux === undefined || run.engine.mode === "closed") return then();
  cmux.shut(then);
}
