/** {@linkcode ChapAlgorithm}: what distinguishes the algorithms of CHAP from one another, and the first of them, MD5.
 *
 * @module
 */
import { equalsConstantTime } from "@lightwire/pbuf";
import type { Random } from "@lightwire/netif";
import { md5 } from "@lightwire/pbuf/digest";
import type { MppeStartKeys } from "./mppe_keys.ts";

/** One challenge and who answers it. */
export interface ChapExchange {
  /** Identifier of challenge and response. */
  readonly id: number;
  /** The challenge's value. */
  readonly challenge: Uint8Array;
  /** The name of the side that answers. */
  readonly name: string;
}

/** A change of the secret, as it is sent. */
export interface SecretChangeRequest {
  /** The packet's data. */
  readonly data: Uint8Array;
  /** The response inside of it, as if to a challenge. */
  readonly response: Uint8Array;
}

/** What only Microsoft's algorithms have: failures with a reason, another try, a change of the secret. */
export interface MsChapDialect {
  /** V= in failures: the version of the change of secrets. */
  readonly version: number;
  /** Code of the packet that changes the secret. */
  readonly changeCode: number;
  /** Makes a change, which is a response to the challenge of the failure too. */
  emitChange(
    exchange: ChapExchange,
    oldSecret: string,
    newSecret: string,
    random: Random,
  ): SecretChangeRequest;
  /** Reads a change.
   *
   * @returns the new secret and the response inside, or `undefined` if the packet is malformed or not made with the old secret.
   */
  parseChange(data: Uint8Array, oldSecret: string): { newSecret: string; response: Uint8Array } | undefined;
}

/** An algorithm of CHAP: both sides of the arithmetic, without time and without packets. */
export interface ChapAlgorithm {
  /** Octets of the challenges that we send. */
  readonly challengeLength: number;
  /** Octets of a response. */
  readonly responseLength: number;
  /** Microsoft's extensions. */
  readonly dialect?: MsChapDialect;
  /** Whether a challenge of that many octets can be answered. */
  canAnswer(challengeLength: number): boolean;
  /** The response to a challenge. */
  respond(exchange: ChapExchange, secret: string, random: Random): Uint8Array;
  /** Whether a response of {@linkcode responseLength} octets is right; in constant time. */
  isRight(exchange: ChapExchange, secret: string, response: Uint8Array): boolean;
  /** What the side that challenged says when a response is right. */
  successText(exchange: ChapExchange, secret: string, response: Uint8Array): string;
  /** Whether the text of a success comes from somebody who knows the secret; true where the algorithm cannot tell. */
  isGenuine(exchange: ChapExchange, secret: string, response: Uint8Array, text: string): boolean;
  /** What MPPE starts from. */
  keys?(exchange: ChapExchange, secret: string, response: Uint8Array, isServer: boolean): MppeStartKeys;
}

/** Octets of a challenge of ours, and of an MD5 response. */
const MD5_LENGTH = 16;

/** The value of a response: MD5 over identifier, secret and challenge (RFC 1994 §4.1). */
export function chapMd5Response(id: number, secret: string, challenge: Uint8Array): Uint8Array {
  return md5(Uint8Array.of(id), new TextEncoder().encode(secret), challenge);
}

/** CHAP with MD5 (RFC 1994 §4), algorithm 5; EAP type 4 is the same (RFC 3748 §5.4). */
export const CHAP_MD5: ChapAlgorithm = {
  challengeLength: MD5_LENGTH,
  responseLength: MD5_LENGTH,
  canAnswer: (length) => length > 0,
  respond: ({ id, challenge }, secret) => chapMd5Response(id, secret, challenge),
  isRight: ({ id, challenge }, secret, response) =>
    equalsConstantTime(response, chapMd5Response(id, secret, challenge)),
  successText: () => "Welcome",
  isGenuine: () => true,
};
