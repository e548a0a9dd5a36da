/** {@linkcode LTE_TRACE_BPS}: the rate of a cell as one telephone sees it, made up: fading, a handover, the edge of the cell.
 *
 * @module
 */

/** How long each rate holds, in milliseconds. */
export const LTE_TRACE_STEP_MS = 100;

/** Rates in bits per second. Ten seconds; then it begins again. */
export const LTE_TRACE_BPS: readonly number[] = [
  // Near the mast.
  ...[24, 26, 31, 28, 22, 25, 30, 33, 29, 27, 24, 21, 26, 28, 25, 19, 22, 24, 27, 23],
  // Driving away: slow fading, with fast fading upon it.
  ...[20, 18, 21, 15, 16, 12, 14, 9, 11, 13, 8, 10, 6, 9, 7, 5, 8, 4, 6, 3],
  // Handover: almost nothing for half a second.
  ...[2, 1, 0.1, 0.05, 0.05, 0.05, 0.1, 4, 9, 12],
  // The new cell is busy.
  ...[10, 6, 11, 5, 9, 7, 12, 4, 8, 10, 6, 3, 9, 11, 7, 5, 8, 6, 10, 4],
  // Behind a hill, and out again.
  ...[3, 2, 2, 1.5, 1, 0.6, 0.8, 0.5, 0.7, 1, 1.2, 0.9, 1.8, 3, 5, 8, 12, 15, 17, 20],
  ...[22, 19, 24, 26, 21, 23, 28, 25, 27, 24],
].map((megabits) => megabits * 1e6);
