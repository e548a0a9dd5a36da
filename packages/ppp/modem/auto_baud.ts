/** Finds the speed of a modem.
 *
 * @module
 */
import type { AtEngine } from "./at_engine.ts";

/** Speeds which modems have, in the order of likelihood. */
export const USUAL_BAUD_RATES: readonly number[] = [
  115200,
  9600,
  921600,
  460800,
  57600,
  38400,
  19200,
  230400,
];

/** Options of {@linkcode findBaudRate}. */
export interface AutoBaudOptions {
  /** Speeds to try; {@linkcode USUAL_BAUD_RATES} by default. */
  readonly rates?: readonly number[];
  /** How often `AT` is sent at each; 3 by default, as a modem may need some to find ours. */
  readonly attempts?: number;
  /** How long to wait for each, in milliseconds; 300 by default. */
  readonly timeoutMs?: number;
  /** Told of each speed before it is tried. */
  readonly onTry?: (baud: number) => void;
}

/** Tries speeds until the modem answers `AT`.
 *
 * @param engine The engine, in command mode.
 * @param onDone Called once, with the speed, or `undefined` when none was answered.
 * @param options Which.
 */
export function findBaudRate(
  engine: AtEngine,
  onDone: (baud: number | undefined) => void,
  options: AutoBaudOptions = {},
): void {
  const { rates = USUAL_BAUD_RATES, attempts = 3, timeoutMs = 300 } = options;
  let index = 0;
  const tryNext = (): void => {
    const baud = rates[index++];
    if (baud === undefined) {
      onDone(undefined);
      return;
    }
    options.onTry?.(baud);
    try {
      engine.port.setBaudRate(baud);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      tryNext(); // not a speed of this port
      return;
    }
    engine.send({ text: "AT", attempts, timeoutMs, retryDelayMs: 50 }, (reply) => {
      if (reply.status === "closed") onDone(undefined);
      else if (reply.status === "timeout") tryNext();
      else onDone(baud); // an ERROR is an answer too
    });
  };
  tryNext();
}
