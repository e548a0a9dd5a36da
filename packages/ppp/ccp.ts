/** {@linkcode Ccp}: the Compression Control Protocol (RFC 1962), for the sake of MPPE (RFC 3078 §2), which is negotiated in it.
 *
 * Nothing compresses here: Deflate, BSD-Compress, Predictor, Stac and MPPC are rejected, and so are MPPE's 56 bits and its
 * obsolete forms. MPPE itself is **insecure**, see {@linkcode MppeEncryptor}.
 *
 * @module
 */
import type { TimerQueue } from "@lightwire/netif";
import {
  ControlProtocol,
  type ControlProtocolOptions,
  type CpEnd,
  type OptionNegotiation,
} from "./control_protocol.ts";
import { type CpOption, type CpPacket, numberOption, optionNumber } from "./cp_packet.ts";
import type { MppeKeyBits, MppeSettings } from "./mppe.ts";

/** Codes of CCP above those that all control protocols have (RFC 1962 §3). */
export const CCP_CODE = { RESET_REQUEST: 14, RESET_ACK: 15 } as const;

/** Types of the options spoken here (RFC 3078 §2). */
export const CCP_OPTION = { MPPE: 18 } as const;

/** Supported bits of the MPPE option (RFC 3078 §2). */
export const MPPE_BIT = {
  STATELESS: 0x0100_0000,
  BITS_56: 0x80,
  BITS_128: 0x40,
  BITS_40: 0x20,
  OBSOLETE: 0x10,
  COMPRESSION: 0x01,
} as const;

/** What we want of CCP. */
export interface CcpOptions extends ControlProtocolOptions {
  /** Encryption by MPPE: "off" rejects CCP; "allowed" encrypts if the peer does, and goes on in the clear otherwise; "required"
   * ends the session without, and drops whatever comes in the clear. Default "off". Needs MS-CHAP or MS-CHAPv2. */
  readonly mppe?: "off" | "allowed" | "required";
  /** Lengths of keys that are good enough; default 128 and 40. */
  readonly keyBits?: readonly MppeKeyBits[];
  /** Whether keys may stay for 256 packets: cheaper, but a lost packet costs a round trip; default false. */
  readonly stateful?: boolean;
}

/** What CCP agreed on. */
export interface CcpResult {
  /** How the peer encrypts to us. */
  readonly inbound: MppeSettings;
  /** How we encrypt to the peer. */
  readonly outbound: MppeSettings;
}

/** What {@linkcode Ccp} tells its owner. */
export interface CcpOwner {
  /** Sends a CCP packet. */
  ccpSend(packet: Uint8Array): void;
  /** Both directions are agreed on. */
  ccpUp(result: CcpResult): void;
  /** Not any more. */
  ccpDown(): void;
  /** CCP is at its end. */
  ccpFinished(end: CpEnd): void;
  /** The peer has lost a packet and cannot decrypt until it gets new tables (RFC 1962 §3). */
  resetRequested(): void;
}

const STRENGTHS = MPPE_BIT.BITS_128 | MPPE_BIT.BITS_40;

function bitsOf(keyBits: readonly MppeKeyBits[]): number {
  let bits = 0;
  for (const length of keyBits) bits |= length === 128 ? MPPE_BIT.BITS_128 : MPPE_BIT.BITS_40;
  return bits;
}

function strongest(bits: number): number {
  return (bits & MPPE_BIT.BITS_128) !== 0 ? MPPE_BIT.BITS_128 : bits & MPPE_BIT.BITS_40;
}

function mppeSettings(options: readonly CpOption[]): MppeSettings | undefined {
  const option = options.find(({ type }) => type === CCP_OPTION.MPPE);
  const bits = option === undefined ? 0 : optionNumber(option);
  if (strongest(bits) === 0) return undefined;
  return {
    keyBits: strongest(bits) === MPPE_BIT.BITS_128 ? 128 : 40,
    isStateful: (bits & MPPE_BIT.STATELESS) === 0,
  };
}

/** The negotiation of one option, both directions. */
class CcpNegotiation implements OptionNegotiation {
  inbound: MppeSettings | undefined;
  outbound: MppeSettings | undefined;
  onUseless: () => void = () => {};
  readonly #allowed: number;
  readonly #isStateful: boolean;
  readonly #isRequired: boolean;
  #wish = 0;

  constructor(options: CcpOptions) {
    this.#allowed = bitsOf(options.keyBits ?? [128, 40]);
    this.#isStateful = options.stateful === true;
    this.#isRequired = options.mppe === "required";
  }

  begin(): void {
    this.inbound = this.outbound = undefined;
    this.#wish = this.#allowed | (this.#isStateful ? 0 : MPPE_BIT.STATELESS);
  }

  request(): CpOption[] {
    return [numberOption(CCP_OPTION.MPPE, this.#wish, 4)];
  }

  /** One length of key, the strongest that both want; and no state if either side wants none. */
  judge(option: CpOption): "ack" | "reject" | CpOption {
    if (option.type !== CCP_OPTION.MPPE || option.data.length !== 4) return "reject";
    const bits = optionNumber(option);
    const isStateless = (bits & MPPE_BIT.STATELESS) !== 0 || !this.#isStateful;
    const strength = strongest(bits & this.#allowed) || this.#allowed;
    const agreeable = strength | (isStateless ? MPPE_BIT.STATELESS : 0);
    return bits === agreeable && strongest(strength) === strength
      ? "ack"
      : numberOption(CCP_OPTION.MPPE, agreeable, 4);
  }

  insistsOn(): boolean {
    return false;
  }

  missing(options: readonly CpOption[]): CpOption[] {
    if (!this.#isRequired || options.some(({ type }) => type === CCP_OPTION.MPPE)) return [];
    return this.request();
  }

  accept(options: readonly CpOption[]): void {
    this.outbound = mppeSettings(options);
  }

  acknowledged(options: readonly CpOption[]): void {
    this.inbound = mppeSettings(options);
  }

  suggested(option: CpOption): void {
    if (option.type !== CCP_OPTION.MPPE || option.data.length !== 4) return;
    const bits = optionNumber(option);
    const isStateless = (bits & MPPE_BIT.STATELESS) !== 0;
    const strength = strongest(bits & this.#allowed);
    if (strength === 0 || (!isStateless && !this.#isStateful)) return this.onUseless();
    this.#wish = strength | (isStateless ? MPPE_BIT.STATELESS : 0);
  }

  refused(): void {
    this.onUseless();
  }
}

/** CCP of one link. */
export class Ccp {
  /** The protocol below the options. */
  readonly protocol: ControlProtocol;
  readonly #owner: CcpOwner;

  /** Makes CCP in state Initial.
   *
   * @throws {RangeError} if no length of key is left.
   */
  constructor(timers: TimerQueue, owner: CcpOwner, options: CcpOptions = {}) {
    if ((bitsOf(options.keyBits ?? [128, 40]) & STRENGTHS) === 0) {
      throw new RangeError("Cannot encrypt with none of 128 and 40 bits");
    }
    this.#owner = owner;
    const negotiation = new CcpNegotiation(options);
    this.protocol = new ControlProtocol(timers, negotiation, {
      send: (packet) => owner.ccpSend(packet),
      up: () => {
        const { inbound, outbound } = negotiation;
        if (inbound === undefined || outbound === undefined) this.protocol.close("not-converging");
        else owner.ccpUp({ inbound, outbound });
      },
      down: () => owner.ccpDown(),
      finished: (end) => owner.ccpFinished(end),
      otherCode: (packet) => this.#otherCode(packet),
    }, options);
    negotiation.onUseless = () => this.protocol.close("not-converging");
  }

  /** Asks the peer for new tables: a packet is lost (RFC 1962 §3). */
  requestReset(): void {
    if (this.protocol.state !== "Opened") return;
    this.protocol.send(CCP_CODE.RESET_REQUEST, this.protocol.newId(), new Uint8Array(0));
  }

  #otherCode(packet: CpPacket): boolean {
    if (packet.code === CCP_CODE.RESET_REQUEST) {
      if (this.protocol.state === "Opened") {
        this.#owner.resetRequested();
        this.protocol.send(CCP_CODE.RESET_ACK, packet.id, packet.data);
      }
      return true;
    }
    return packet.code === CCP_CODE.RESET_ACK; // bit A of the next packet says the same
  }
}
