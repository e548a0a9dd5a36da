/** MS-CHAP version 1 (RFC 2433): CHAP algorithm 0x80. A response is the challenge under the hash of the password; the variant
 * for LAN Manager is never sent, since it would give the password away.
 *
 * ```text
 *   response: 24 octets LM response (zeros) | 24 octets NT response | 1 octet "use NT response"
 * ```
 *
 * @module
 */
import { equalsConstantTime } from "@lightwire/pbuf";
import type { ChapAlgorithm } from "./chap_algorithm.ts";
import { deriveMppeKeys } from "./mppe_keys.ts";
import { emitSecretChange, parseSecretChange } from "./mschap_change.ts";
import { challengeResponse, NT_RESPONSE_LENGTH, ntPasswordHash } from "./mschap_crypto.ts";

const CHALLENGE_LENGTH = 8;
const RESPONSE_LENGTH = 2 * NT_RESPONSE_LENGTH + 1;
/** Octets of the fields for LAN Manager in a change of the password, zero: a block, a hash, a response (RFC 2433 §9). */
const LM_CHANGE_LENGTH = 516 + 16 + NT_RESPONSE_LENGTH;

/** NtChallengeResponse (RFC 2433 §A.5).
 *
 * @param challenge 8 octets.
 */
export function mschapNtResponse(challenge: Uint8Array, secret: string): Uint8Array {
  return challengeResponse(challenge, ntPasswordHash(secret));
}

/** MS-CHAP version 1. */
export const MSCHAP: ChapAlgorithm = {
  challengeLength: CHALLENGE_LENGTH,
  responseLength: RESPONSE_LENGTH,
  canAnswer: (length) => length === CHALLENGE_LENGTH,
  respond({ challenge }, secret) {
    const response = new Uint8Array(RESPONSE_LENGTH);
    response.set(mschapNtResponse(challenge, secret), NT_RESPONSE_LENGTH);
    response[RESPONSE_LENGTH - 1] = 1;
    return response;
  },
  isRight({ challenge }, secret, response) {
    const given = response.subarray(NT_RESPONSE_LENGTH, 2 * NT_RESPONSE_LENGTH);
    return equalsConstantTime(given, mschapNtResponse(challenge, secret)) &&
      response[RESPONSE_LENGTH - 1] === 1;
  },
  successText: () => "Welcome",
  isGenuine: () => true,
  keys: ({ challenge }, secret, _response, isServer) => deriveMppeKeys("mschap", secret, challenge, isServer),
  dialect: {
    version: 2,
    changeCode: 6,
    emitChange(exchange, oldSecret, newSecret, random) {
      const response = MSCHAP.respond(exchange, newSecret, random);
      const ntResponse = response.subarray(NT_RESPONSE_LENGTH, 2 * NT_RESPONSE_LENGTH);
      const change = emitSecretChange(oldSecret, newSecret, random);
      const flags = Uint8Array.of(0, 1); // the NT response counts, the fields for LAN Manager do not
      return {
        data: Uint8Array.of(...change, ...new Uint8Array(LM_CHANGE_LENGTH), ...ntResponse, ...flags),
        response,
      };
    },
    parseChange(data, oldSecret) {
      const change = parseSecretChange(data, oldSecret);
      const at = 516 + 16 + LM_CHANGE_LENGTH;
      if (change === undefined || data.length !== at + NT_RESPONSE_LENGTH + 2) return undefined;
      const response = new Uint8Array(RESPONSE_LENGTH);
      response.set(data.subarray(at, at + NT_RESPONSE_LENGTH), NT_RESPONSE_LENGTH);
      response[RESPONSE_LENGTH - 1] = data[data.length - 1]! & 1;
      return { newSecret: change, response };
    },
  },
};
