/** {@linkcode blotPapPassword}: a capture shows that PAP was spoken, not the password.
 *
 * @module
 */
import { PPP_PAP } from "@lightwire/ppp";

const AUTHENTICATE_REQUEST = 1;
const HEADER_LENGTH = 4;
const BLOT = 0x2a;

/** A copy of a PPP packet in which the password of a PAP Authenticate-Request (RFC 1334 §2.2.1) is made of asterisks.
 *
 * @param protocol Its protocol number.
 * @param bytes Its information field is `bytes[start … end]`; borrowed.
 */
export function blotPapPassword(
  protocol: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): Uint8Array {
  const copy = bytes.slice(start, end);
  if (protocol !== PPP_PAP || copy[0] !== AUTHENTICATE_REQUEST) return copy;
  const nameLength = copy[HEADER_LENGTH] ?? 0;
  // Whatever follows the name: a wrong length must not save the password from the blot.
  const at = HEADER_LENGTH + 1 + nameLength;
  if (at >= copy.length) copy.fill(BLOT, HEADER_LENGTH);
  else copy.fill(BLOT, at + 1);
  return copy;
}
