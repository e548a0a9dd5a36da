/** MS-CHAP version 2 (RFC 2759): CHAP algorithm 0x81. Both sides prove that they know the password.
 *
 * ```text
 *   response: 16 octets peer challenge | 8 octets zero | 24 octets NT response | 1 octet flags (zero)
 *   success:  "S=" 40 hexadecimal digits " M=" text
 * ```
 *
 * @module
 */
import { equalsConstantTime } from "@lightwire/pbuf";
import type { Random } from "@lightwire/netif";
import type { ChapAlgorithm, ChapExchange } from "./chap_algorithm.ts";
import { deriveMppeKeys } from "./mppe_keys.ts";
import { emitSecretChange, parseSecretChange, SECRET_CHANGE_LENGTH } from "./mschap_change.ts";
import {
  challengeResponse,
  hashNtPasswordHash,
  NT_RESPONSE_LENGTH,
  ntPasswordHash,
} from "./mschap_crypto.ts";
import { hexDigits } from "./mschap_failure.ts";
import { randomBytes } from "./random_bytes.ts";
import { sha1 } from "@lightwire/pbuf/digest";

const CHALLENGE_LENGTH = 16;
const RESPONSE_LENGTH = CHALLENGE_LENGTH + 8 + NT_RESPONSE_LENGTH + 1;
const NT_AT = CHALLENGE_LENGTH + 8;
const MAGIC1 = new TextEncoder().encode("Magic server to client signing constant");
const MAGIC2 = new TextEncoder().encode("Pad to make it do more than one iteration");

/** ChallengeHash (RFC 2759 §8.2): both challenges and the name, in 8 octets.
 *
 * @param name A domain before a backslash does not count.
 */
export function challengeHash(
  peerChallenge: Uint8Array,
  authenticatorChallenge: Uint8Array,
  name: string,
): Uint8Array {
  const user = new TextEncoder().encode(name.slice(name.lastIndexOf("\\") + 1));
  return sha1(peerChallenge, authenticatorChallenge, user).slice(0, 8);
}

/** GenerateNTResponse (RFC 2759 §8.1). */
export function mschapv2NtResponse(
  authenticatorChallenge: Uint8Array,
  peerChallenge: Uint8Array,
  name: string,
  secret: string,
): Uint8Array {
  const challenge = challengeHash(peerChallenge, authenticatorChallenge, name);
  return challengeResponse(challenge, ntPasswordHash(secret));
}

/** GenerateAuthenticatorResponse (RFC 2759 §8.7): "S=" and 40 hexadecimal digits. */
export function mschapv2AuthenticatorResponse(
  secret: string,
  ntResponse: Uint8Array,
  peerChallenge: Uint8Array,
  authenticatorChallenge: Uint8Array,
  name: string,
): string {
  const digest = sha1(hashNtPasswordHash(ntPasswordHash(secret)), ntResponse, MAGIC1);
  return `S=${hexDigits(sha1(digest, challengeHash(peerChallenge, authenticatorChallenge, name), MAGIC2))}`;
}

function peerChallengeOf(response: Uint8Array): Uint8Array {
  return response.subarray(0, CHALLENGE_LENGTH);
}

function ntResponseOf(response: Uint8Array): Uint8Array {
  return response.subarray(NT_AT, NT_AT + NT_RESPONSE_LENGTH);
}

function authenticatorResponse(exchange: ChapExchange, secret: string, response: Uint8Array): string {
  const nt = ntResponseOf(response);
  return mschapv2AuthenticatorResponse(
    secret,
    nt,
    peerChallengeOf(response),
    exchange.challenge,
    exchange.name,
  );
}

/** MS-CHAP version 2. */
export const MSCHAPV2: ChapAlgorithm = {
  challengeLength: CHALLENGE_LENGTH,
  responseLength: RESPONSE_LENGTH,
  canAnswer: (length) => length === CHALLENGE_LENGTH,
  respond({ challenge, name }, secret, random) {
    const response = new Uint8Array(RESPONSE_LENGTH);
    response.set(randomBytes(random, CHALLENGE_LENGTH));
    response.set(mschapv2NtResponse(challenge, peerChallengeOf(response), name, secret), NT_AT);
    return response;
  },
  isRight({ challenge, name }, secret, response) {
    const wanted = mschapv2NtResponse(challenge, peerChallengeOf(response), name, secret);
    return equalsConstantTime(ntResponseOf(response), wanted);
  },
  successText: (exchange, secret, response) =>
    `${authenticatorResponse(exchange, secret, response)} M=Welcome`,
  isGenuine(exchange, secret, response, text) {
    const wanted = new TextEncoder().encode(authenticatorResponse(exchange, secret, response));
    return equalsConstantTime(new TextEncoder().encode(text.slice(0, wanted.length).toUpperCase()), wanted);
  },
  keys: (_exchange, secret, response, isServer) =>
    deriveMppeKeys("mschapv2", secret, ntResponseOf(response), isServer),
  dialect: {
    version: 3,
    changeCode: 7,
    emitChange(exchange: ChapExchange, oldSecret: string, newSecret: string, random: Random) {
      const response = MSCHAPV2.respond(exchange, newSecret, random);
      const flags = Uint8Array.of(0, 0);
      const proof = response.subarray(0, RESPONSE_LENGTH - 1);
      return {
        data: Uint8Array.of(...emitSecretChange(oldSecret, newSecret, random), ...proof, ...flags),
        response,
      };
    },
    parseChange(data, oldSecret) {
      const newSecret = parseSecretChange(data, oldSecret);
      if (newSecret === undefined || data.length !== SECRET_CHANGE_LENGTH + RESPONSE_LENGTH + 1) {
        return undefined;
      }
      const response = new Uint8Array(RESPONSE_LENGTH);
      response.set(data.subarray(SECRET_CHANGE_LENGTH, SECRET_CHANGE_LENGTH + RESPONSE_LENGTH - 1));
      return { newSecret, response };
    },
  },
};
