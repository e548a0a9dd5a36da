/** {@linkcode CauseEntry}: what is written down about one cause of a link that does not come up.
 *
 * @module
 */

/** One of several reasons for the same cause. */
export interface Reason {
  /** By what it is known, as the rest of a sentence that begins with "If". */
  readonly when: string;
  /** What to do then, a sentence. */
  readonly then: string;
}

/** What is written down about a cause. Texts may hold `{device}`, `{group}`, `{holder}`, `{baud}`, `{apn}`, `{accm}`, `{size}`:
 * `fillIn()` of `catalogue.ts` puts the facts in. */
export interface CauseEntry {
  /** What has happened, in a sentence or two. */
  readonly meaning: string;
  /** The first thing to do, a sentence. */
  readonly next: string;
  /** Further reasons, the likeliest first. */
  readonly reasons: readonly Reason[];
}
