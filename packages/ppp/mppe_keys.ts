/** {@linkcode deriveMppeKeys}: the keys that MPPE starts from, out of what MS-CHAP has proved (RFC 3079).
 *
 * @module
 */
import { hashNtPasswordHash, lmPasswordHash, ntPasswordHash } from "./mschap_crypto.ts";
import { sha1 } from "@lightwire/pbuf/digest";

/** Octets of a start key of 128 bits. */
export const MPPE_START_KEY_LENGTH = 16;
/** Octets of a start key of 40 or 56 bits. */
export const MPPE_SHORT_START_KEY_LENGTH = 8;

/** The start keys of both directions: before they are turned into session keys (RFC 3078 §7, RFC 3079 §2.4 and §3.1). */
export interface MppeStartKeys {
  /** For what we send, of 128 bits; 16 octets. */
  readonly sendStart: Uint8Array;
  /** For what we receive, of 128 bits; 16 octets. */
  readonly receiveStart: Uint8Array;
  /** For what we send, of 40 or 56 bits; 8 octets. */
  readonly sendStartShort: Uint8Array;
  /** For what we receive, of 40 or 56 bits; 8 octets. */
  readonly receiveStartShort: Uint8Array;
}

const MASTER = new TextEncoder().encode("This is the MPPE Master Key");
const CLIENT_TO_SERVER = new TextEncoder().encode(
  "On the client side, this is the send key; on the server side, it is the receive key.",
);
const SERVER_TO_CLIENT = new TextEncoder().encode(
  "On the client side, this is the receive key; on the server side, it is the send key.",
);
const PAD1 = new Uint8Array(40);
const PAD2 = new Uint8Array(40).fill(0xf2);

/** GetMasterKey (RFC 3079 §3.4): 16 octets.
 *
 * @param hashHash {@linkcode hashNtPasswordHash} of the password's hash.
 * @param ntResponse The 24 octets that proved the password.
 */
export function mppeMasterKey(hashHash: Uint8Array, ntResponse: Uint8Array): Uint8Array {
  return sha1(hashHash, ntResponse, MASTER).slice(0, MPPE_START_KEY_LENGTH);
}

/** GetAsymmetricStartKey (RFC 3079 §3.4): 16 octets.
 *
 * @param isToServer Whether the key is for what the client sends.
 */
export function mppeAsymmetricStartKey(master: Uint8Array, isToServer: boolean): Uint8Array {
  const magic = isToServer ? CLIENT_TO_SERVER : SERVER_TO_CLIENT;
  return sha1(master, PAD1, magic, PAD2).slice(0, MPPE_START_KEY_LENGTH);
}

/** GetStartKey of MS-CHAP version 1 (RFC 3079 §2.4), for 128 bits: 16 octets.
 *
 * @param challenge The 8 octets of the challenge that was answered.
 */
export function mppeStartKeyV1(challenge: Uint8Array, hashHash: Uint8Array): Uint8Array {
  return sha1(hashHash, hashHash, challenge).slice(0, MPPE_START_KEY_LENGTH);
}

/** The start keys after a successful authentication.
 *
 * @param proof Of "mschapv2", the NT response of 24 octets; of "mschap", the challenge of 8.
 * @param isServer Whether we were the side that challenged.
 */
export function deriveMppeKeys(
  method: "mschap" | "mschapv2",
  secret: string,
  proof: Uint8Array,
  isServer: boolean,
): MppeStartKeys {
  const hashHash = hashNtPasswordHash(ntPasswordHash(secret));
  if (method === "mschap") {
    const start = mppeStartKeyV1(proof, hashHash);
    const short = lmPasswordHash(secret).slice(0, MPPE_SHORT_START_KEY_LENGTH);
    return { sendStart: start, receiveStart: start, sendStartShort: short, receiveStartShort: short };
  }
  const master = mppeMasterKey(hashHash, proof);
  const sendStart = mppeAsymmetricStartKey(master, !isServer);
  const receiveStart = mppeAsymmetricStartKey(master, isServer);
  return {
    sendStart,
    receiveStart,
    sendStartShort: sendStart.slice(0, MPPE_SHORT_START_KEY_LENGTH),
    receiveStartShort: receiveStart.slice(0, MPPE_SHORT_START_KEY_LENGTH),
  };
}
