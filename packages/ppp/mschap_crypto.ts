/** The functions that both versions of MS-CHAP are made of: hashes of passwords and the response to a challenge (RFC 2433
 * appendix A, RFC 2759 §8).
 *
 * @module
 */
import { desEncrypt, desKeyOf } from "./des.ts";
import { md4 } from "./md4.ts";

/** Octets of a password's hash. */
export const PASSWORD_HASH_LENGTH = 16;
/** Octets of a response. */
export const NT_RESPONSE_LENGTH = 24;

/** A password as NT sees it: UTF-16, least significant octet first. */
export function unicodePassword(secret: string): Uint8Array {
  const octets = new Uint8Array(2 * secret.length);
  for (let i = 0; i < secret.length; i++) {
    const unit = secret.charCodeAt(i);
    octets[2 * i] = unit;
    octets[2 * i + 1] = unit >>> 8;
  }
  return octets;
}

/** NtPasswordHash (RFC 2759 §8.3). */
export function ntPasswordHash(secret: string): Uint8Array {
  return md4(unicodePassword(secret));
}

/** HashNtPasswordHash (RFC 2759 §8.4). */
export function hashNtPasswordHash(hash: Uint8Array): Uint8Array {
  return md4(hash);
}

/** LmPasswordHash (RFC 2433 §A.8): of the first 14 characters, in upper case. Used for short MPPE keys only, never sent; of
 * characters outside of ASCII it is as good as random, since the code page of the peer is not known. */
export function lmPasswordHash(secret: string): Uint8Array {
  const padded = new Uint8Array(14);
  padded.set(new TextEncoder().encode(secret.toUpperCase()).subarray(0, 14));
  const magic = new TextEncoder().encode("KGS!@#$%");
  return Uint8Array.of(
    ...desEncrypt(desKeyOf(padded.subarray(0, 7)), magic),
    ...desEncrypt(desKeyOf(padded.subarray(7)), magic),
  );
}

/** ChallengeResponse (RFC 2759 §8.5): the challenge under three keys that are parts of the hash.
 *
 * @param challenge 8 octets.
 * @returns {@linkcode NT_RESPONSE_LENGTH} octets.
 */
export function challengeResponse(challenge: Uint8Array, passwordHash: Uint8Array): Uint8Array {
  const padded = new Uint8Array(21);
  padded.set(passwordHash);
  const response = new Uint8Array(NT_RESPONSE_LENGTH);
  for (let part = 0; part < 3; part++) {
    response.set(desEncrypt(desKeyOf(padded.subarray(7 * part, 7 * part + 7)), challenge), 8 * part);
  }
  return response;
}

/** NtPasswordHashEncryptedWithBlock (RFC 2759 §8.13): proves that whoever knows the new password knows the old one. */
export function encryptHashWithHash(hash: Uint8Array, block: Uint8Array): Uint8Array {
  return Uint8Array.of(
    ...desEncrypt(desKeyOf(block.subarray(0, 7)), hash.subarray(0, 8)),
    ...desEncrypt(desKeyOf(block.subarray(7, 14)), hash.subarray(8)),
  );
}
