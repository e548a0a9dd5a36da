/** @module */

const CONTROL_OR_COMBINING = /^[\p{Cc}\p{Mn}\p{Me}\p{Cf}]$/u;
const WIDE =
  /^[\u{1100}-\u{115f}\u{2e80}-\u{303e}\u{3041}-\u{33ff}\u{3400}-\u{4dbf}\u{4e00}-\u{9fff}\u{a000}-\u{a4cf}\u{ac00}-\u{d7a3}\u{f900}-\u{faff}\u{fe30}-\u{fe6f}\u{ff00}-\u{ff60}\u{ffe0}-\u{ffe6}\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]$/u;

/**
 * Calculates how many columns a string takes on a terminal.
 *
 * @param str The string to measure.
 * @returns The width in columns.
 */
export function unicodeWidth(str: string): number {
  let width = 0;
  for (const char of str) {
    if (CONTROL_OR_COMBINING.test(char)) continue;
    width += WIDE.test(char) ? 2 : 1;
  }
  return width;
}
