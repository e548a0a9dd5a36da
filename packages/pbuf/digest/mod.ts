/** Digests that protocols of the Internet are made of: MD5 (RFC 1321), SHA-1 (RFC 3174), HMAC-SHA-1 (RFC 2104), AES-CMAC (RFC 4493).
 * All but the last are nothing that a new protocol should use.
 *
 * @example A digest in one go, and piece by piece
 * ```ts
 * import { Md5, md5 } from "@lightwire/pbuf/digest";
 * import assert from "node:assert/strict";
 *
 * const whole = md5(new TextEncoder().encode("message digest"));
 * const hash = new Md5();
 * hash.update(new TextEncoder().encode("message "));
 * hash.update(new TextEncoder().encode("digest"));
 * const pieces = new Uint8Array(hash.digestLength);
 * hash.digestInto(pieces, 0);
 * assert.deepEqual(pieces, whole);
 * ```
 *
 * @module
 */
export * from "./aes128.ts";
export * from "./aes_cmac.ts";
export * from "./block_hash.ts";
export * from "./hmac_sha1.ts";
export * from "./md5.ts";
export * from "./sha1.ts";
