/** `pppup`: will bring up a serial modem, or any PPP peer, without root. Its PPP is not written yet, and it says so.
 *
 * @module
 */

/** Exit status for a command that cannot be carried out as it is given. */
const EXIT_USAGE = 2;

/** The one sentence that this version has to say. */
export const NOT_YET = "pppup: PPP and the modem commands come with a later version of lightwire; " +
  "until then, ethup is the program that works (deno task ethup -h).";

if (import.meta.main) {
  console.error(NOT_YET);
  Deno.exit(EXIT_USAGE);
}
