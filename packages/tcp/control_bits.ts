/** Data plane. The control bits of a TCP header (RFC 9293 §3.1, RFC 3168 §6.1).
 *
 * @module
 */

/** No more data from the sender. */
export const FIN = 0x01;
/** Synchronize sequence numbers. */
export const SYN = 0x02;
/** Reset the connection. */
export const RST = 0x04;
/** Push function. */
export const PSH = 0x08;
/** The acknowledgment field is significant. */
export const ACK = 0x10;
/** The urgent pointer field is significant. */
export const URG = 0x20;
/** ECN echo. */
export const ECE = 0x40;
/** Congestion window reduced. */
export const CWR = 0x80;

const LETTERS = "FSRP.UEW";

/** The bits in tcpdump's letters: `S`, `S.`, `P.`, `F.`, `R`; `none` when no bit is set. */
export function formatControlBits(ctl: number): string {
  let text = "";
  for (let bit = 0; bit < 8; bit++) {
    if (bit !== 4 && (ctl & (1 << bit)) !== 0) text += LETTERS[bit];
  }
  if ((ctl & ACK) !== 0) text += ".";
  return text === "" ? "none" : text;
}
