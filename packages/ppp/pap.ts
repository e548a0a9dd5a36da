/** Password Authentication Protocol (RFC 1334 §2), both sides.
 *
 * @module
 */
import { equalsConstantTime } from "@lightwire/pbuf";
import type { AuthenticationContext, PppCredentials, SecretLookup } from "./authentication.ts";
import { AuthenticationSide } from "./authentication_side.ts";
import { type CpPacket, emitCpPacket, peerText } from "./cp_packet.ts";

/** Codes of RFC 1334 §2.2. */
export const PAP_CODE = { REQUEST: 1, ACK: 2, NAK: 3 } as const;

function lengthPrefixed(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text).subarray(0, 255);
  return Uint8Array.of(bytes.length, ...bytes);
}

/** The side that sends its password. */
export class PapClient extends AuthenticationSide {
  readonly #credentials: PppCredentials;
  #id = 0;
  #isWaiting = false;

  /** Makes a client that is not started. */
  constructor(context: AuthenticationContext, credentials: PppCredentials) {
    super(context);
    this.#credentials = credentials;
  }

  /** {@inheritDoc AuthenticationSide.begin} */
  protected begin(): void {
    this.#isWaiting = true;
    this.repeat(() => this.#request());
  }

  /** {@inheritDoc AuthenticationSide.received} */
  protected received(packet: CpPacket): void {
    const isAnswer = packet.code === PAP_CODE.ACK || packet.code === PAP_CODE.NAK;
    if (!this.#isWaiting || !isAnswer || packet.id !== this.#id) return;
    this.#isWaiting = false;
    const message = packet.data.length > 0 ? packet.data.subarray(1, 1 + packet.data[0]!) : packet.data;
    const isAccepted = packet.code === PAP_CODE.ACK;
    this.report({ isAccepted, name: this.#credentials.name, message: peerText(message) });
  }

  #request(): Uint8Array {
    this.#id = (this.#id + 1) & 0xff; // a new one each time (RFC 1334 §2.2.1)
    const { name, secret } = this.#credentials;
    const data = Uint8Array.of(...lengthPrefixed(name), ...lengthPrefixed(secret));
    return emitCpPacket(PAP_CODE.REQUEST, this.#id, data);
  }
}

/** The side that checks a password. */
export class PapServer extends AuthenticationSide {
  readonly #lookup: SecretLookup;
  #verdict: boolean | undefined;

  /** Makes a server that is not started. */
  constructor(context: AuthenticationContext, lookup: SecretLookup) {
    super(context);
    this.#lookup = lookup;
  }

  /** {@inheritDoc AuthenticationSide.begin} */
  protected begin(): void {
    this.#verdict = undefined;
    this.wait();
  }

  /** {@inheritDoc AuthenticationSide.received} */
  protected received(packet: CpPacket): void {
    if (packet.code !== PAP_CODE.REQUEST) return;
    const nameLength = packet.data[0] ?? 0;
    const secretAt = 1 + nameLength;
    const secretLength = packet.data[secretAt];
    if (secretLength === undefined || secretAt + 1 + secretLength > packet.data.length) return;
    // The answer may have been lost: a repeated request gets the same one, whatever it says (RFC 1334 §2.2.1).
    if (this.#verdict !== undefined) return this.#answer(packet.id, this.#verdict);
    const name = peerText(packet.data.subarray(1, secretAt));
    const wanted = this.#lookup(name);
    const given = packet.data.subarray(secretAt + 1, secretAt + 1 + secretLength);
    const isEqual = equalsConstantTime(given, new TextEncoder().encode(wanted ?? ""));
    const isAccepted = wanted !== undefined && isEqual;
    this.#verdict = isAccepted;
    this.#answer(packet.id, isAccepted);
    this.report({ isAccepted, name, message: isAccepted ? "" : "wrong name or password" });
  }

  #answer(id: number, isAccepted: boolean): void {
    const text = isAccepted ? "Welcome" : "Login incorrect";
    this.send(emitCpPacket(isAccepted ? PAP_CODE.ACK : PAP_CODE.NAK, id, lengthPrefixed(text)));
  }
}
