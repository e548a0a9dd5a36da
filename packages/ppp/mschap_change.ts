/** The change of a password over MS-CHAP, in the part that both versions share (RFC 2433 §9, RFC 2759 §7): the new password
 * under the hash of the old one, and the hash of the old one under that of the new one.
 *
 * ```text
 *   512 octets: random, then the new password in UTF-16 | 4 octets: its length    all under RC4
 *   16 octets: hash of the old password                                           under DES
 * ```
 *
 * @module
 */
import { equalsConstantTime } from "@lightwire/pbuf";
import type { Random } from "@lightwire/netif";
import {
  encryptHashWithHash,
  ntPasswordHash,
  PASSWORD_HASH_LENGTH,
  unicodePassword,
} from "./mschap_crypto.ts";
import { randomBytes } from "./random_bytes.ts";
import { Rc4 } from "./rc4.ts";

const PASSWORD_LENGTH = 512;
const BLOCK_LENGTH = PASSWORD_LENGTH + 4;
/** Octets of the block and the hash. */
export const SECRET_CHANGE_LENGTH: number = BLOCK_LENGTH + PASSWORD_HASH_LENGTH;

function rc4(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length);
  new Rc4(key).apply(bytes, 0, bytes.length, out, 0);
  return out;
}

/** NewPasswordEncryptedWithOldNtPasswordHash (RFC 2759 §8.9): 516 octets.
 *
 * @param newSecret At most 256 UTF-16 units; what is longer is cut.
 */
export function newPasswordEncryptedWithOldHash(
  newSecret: string,
  oldSecret: string,
  random: Random,
): Uint8Array {
  const password = unicodePassword(newSecret).subarray(0, PASSWORD_LENGTH);
  const block = new Uint8Array(BLOCK_LENGTH);
  block.set(randomBytes(random, PASSWORD_LENGTH - password.length));
  block.set(password, PASSWORD_LENGTH - password.length);
  new DataView(block.buffer).setUint32(PASSWORD_LENGTH, password.length, true);
  return rc4(ntPasswordHash(oldSecret), block);
}

/** OldNtPasswordHashEncryptedWithNewNtPasswordHash (RFC 2759 §8.12): 16 octets. */
export function oldHashEncryptedWithNewHash(newSecret: string, oldSecret: string): Uint8Array {
  return encryptHashWithHash(ntPasswordHash(oldSecret), ntPasswordHash(newSecret));
}

/** The first two fields of a change: {@linkcode SECRET_CHANGE_LENGTH} octets. */
export function emitSecretChange(oldSecret: string, newSecret: string, random: Random): Uint8Array {
  return Uint8Array.of(
    ...newPasswordEncryptedWithOldHash(newSecret, oldSecret, random),
    ...oldHashEncryptedWithNewHash(newSecret, oldSecret),
  );
}

/** The new secret in a change, if the change was made by somebody who knows the old one. */
export function parseSecretChange(data: Uint8Array, oldSecret: string): string | undefined {
  if (data.length < SECRET_CHANGE_LENGTH) return undefined;
  const block = rc4(ntPasswordHash(oldSecret), data.subarray(0, BLOCK_LENGTH));
  const length = new DataView(block.buffer).getUint32(PASSWORD_LENGTH, true);
  if (length > PASSWORD_LENGTH || length % 2 !== 0) return undefined;
  let newSecret = "";
  for (let at = PASSWORD_LENGTH - length; at < PASSWORD_LENGTH; at += 2) {
    newSecret += String.fromCharCode(block[at]! | (block[at + 1]! << 8));
  }
  const proof = data.subarray(BLOCK_LENGTH, SECRET_CHANGE_LENGTH);
  return equalsConstantTime(proof, oldHashEncryptedWithNewHash(newSecret, oldSecret)) ? newSecret : undefined;
}
