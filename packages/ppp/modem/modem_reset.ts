/** {@linkcode resetModem}: restarts a modem and waits until it is there again.
 *
 * @module
 */
import type { TimerQueue } from "@lightwire/netif/timers";
import type { AtEngine } from "./at_engine.ts";
import type { ModemProfile } from "./modem_profile.ts";

/** How long a modem may take to start. */
const START_MS = 60_000;
/** Rest between questions to a modem that does not say when it is ready. */
const POLL_MS = 1000;

/** How a restart ended. */
export type ResetOutcome =
  /** It says that it is ready, or answers again. */
  | "ready"
  /** It does not take the command. */
  | "refused"
  /** It did not come back in time. */
  | "timeout"
  /** The port is gone: a modem on USB comes back as another port. */
  | "closed";

/** Restarts a modem: sends its make's command, then waits for its make's line (`PB DONE`), or until it answers `AT`.
 *
 * @param engine The engine, in command mode. Its `onUnsolicited` is used until the end, and then put back.
 * @param onDone Called once.
 * @param startMs How long it may take, in milliseconds; 60,000 by default.
 */
export function resetModem(
  engine: AtEngine,
  timers: TimerQueue,
  profile: Pick<ModemProfile, "reset" | "readyLine">,
  onDone: (outcome: ResetOutcome) => void,
  startMs: number = START_MS,
): void {
  const before = engine.onUnsolicited;
  const { readyLine } = profile;
  let isOver = false;
  const finish = (outcome: ResetOutcome): void => {
    if (isOver) return;
    isOver = true;
    late.stop();
    poll.stop();
    engine.onUnsolicited = before;
    onDone(outcome);
  };
  const late = timers.create(() => finish("timeout"));
  const poll = timers.create(() => {
    if (engine.mode === "closed") return finish("closed");
    engine.send({ text: "AT", timeoutMs: 500 }, (reply) => {
      if (isOver) return;
      if (reply.status === "ok") finish("ready");
      else if (reply.status === "closed") finish("closed");
      else poll.start(POLL_MS);
    });
  });
  engine.onUnsolicited = (line) => {
    before?.(line);
    if (readyLine !== undefined && line.toUpperCase() === readyLine.toUpperCase()) finish("ready");
  };
  engine.send(profile.reset, (reply) => {
    if (isOver) return;
    if (reply.status === "closed") return finish("closed");
    // Some restart so quickly that there is no OK.
    if (reply.status !== "ok" && reply.status !== "timeout") return finish("refused");
    late.start(startMs);
    if (readyLine === undefined) poll.start(POLL_MS);
  });
}
