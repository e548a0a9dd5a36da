/** {@linkcode pauseData}: commands in the middle of a connection, on a line that carries only one thing at a time.
 *
 * @module
 */
import type { AtEngine } from "./at_engine.ts";
import { RESUME } from "./at_commands.ts";
import type { EscapeOptions } from "./escape_ladder.ts";

/** How a pause ended. */
export type PauseOutcome =
  /** Data flows again. */
  | "resumed"
  /** The modem did not come to command mode; data goes on. */
  | "not-paused"
  /** The connection was lost: who reads the data port has been told. */
  | "lost";

/** Leaves data mode by `+++`, lets commands be sent, and resumes by `ATO`. What speaks over the data port, PPP for instance, is not
 * told: its packets wait. It should be over before the peer misses signs of life.
 *
 * @param engine The engine, in data mode.
 * @param onPaused Called when commands are taken; calls `resume` when it has what it wants. Not called unless paused.
 * @param onDone Called once, at the end.
 * @param options How to escape; DTR is never dropped, as that hangs up.
 */
export function pauseData(
  engine: AtEngine,
  onPaused: (resume: () => void) => void,
  onDone: (outcome: PauseOutcome) => void,
  options: Omit<EscapeOptions, "canDropDtr" | "goodbye"> = {},
): void {
  engine.escape((outcome) => {
    if (!outcome.isCommandMode) return onDone("not-paused");
    if (outcome.isHungUp) return onDone("lost");
    let isResuming = false;
    onPaused(() => {
      if (isResuming) return;
      isResuming = true;
      if (engine.mode === "closed") return onDone("lost");
      engine.send(RESUME, (reply) => {
        if (reply.status === "connect") {
          engine.dataPort.writable(); // what waited goes out
          return onDone("resumed");
        }
        engine.dataPort.end(undefined);
        onDone("lost");
      });
    });
  }, { attempts: 1, ...options, canDropDtr: false });
}
