/** {@linkcode LcpNegotiation}: the options of LCP (RFC 1661 §6, RFC 1662 §7.1, RFC 1994 §3).
 *
 * Every option that is not in {@linkcode LCP_OPTION} is rejected: callback, multilink, compound frames, 32-bit FCS, link quality.
 * The endpoint discriminator (RFC 1990 §5.1.3) is acknowledged: without multilink it changes nothing, and refusing it would cost
 * a round trip with every peer that sends it as a matter of course.
 *
 * @module
 */
import type { Random } from "@lightwire/netif";
import type { OptionNegotiation } from "./control_protocol.ts";
import { type CpOption, equalBytes, numberOption, optionNumber } from "./cp_packet.ts";
import { DEFAULT_ACCM } from "./hdlc.ts";
import { PPP_CHAP, PPP_EAP, PPP_PAP } from "./ppp_protocol_number.ts";

/** Types of the options spoken here. */
export const LCP_OPTION = {
  MRU: 1,
  ACCM: 2,
  AUTHENTICATION: 3,
  MAGIC_NUMBER: 5,
  PFC: 7,
  ACFC: 8,
  ENDPOINT: 19,
} as const;

/** A way to authenticate: PAP (RFC 1334 §2), CHAP with MD5 (RFC 1994 §4), MS-CHAP version 1 (RFC 2433 §2) or 2 (RFC 2759 §2),
 * EAP (RFC 3748 §3). */
export type PppAuthMethod = "pap" | "chap-md5" | "mschap" | "mschapv2" | "eap";

/** MRU unless agreed otherwise (RFC 1661 §6.1). */
export const DEFAULT_MRU = 1500;
/** Smallest MRU of a peer that is acceptable; below, this is suggested. */
export const MIN_MRU = 128;
/** Equal magic numbers in a row until the line counts as looped back. */
export const DEFAULT_LOOPBACK_LIMIT = 10;

/** What one direction of a link is like. */
export interface LcpSettings {
  /** Longest information field that the receiver takes, in octets. */
  mru: number;
  /** Control characters that the sender escapes. */
  accm: number;
  /** How the sender of these settings wants the other side to prove who it is. */
  auth: PppAuthMethod | undefined;
  /** The sender's magic number; 0 for none. */
  magic: number;
  /** The receiver takes protocol numbers of one octet. */
  pfc: boolean;
  /** The receiver takes frames without address and control. */
  acfc: boolean;
}

/** What we want of LCP. */
export interface LcpWishes {
  /** Our MRU; default 1500. */
  readonly mru?: number;
  /** Control characters the peer shall escape; default 0, none. */
  readonly accm?: number;
  /** Whether to use a magic number; default true. */
  readonly magic?: boolean;
  /** Whether to offer protocol field compression; default true. */
  readonly pfc?: boolean;
  /** Whether to offer address and control field compression; default true. */
  readonly acfc?: boolean;
  /** Ways in which the peer may prove who it is, best first; none by default: it need not. */
  readonly demand?: readonly PppAuthMethod[];
  /** Ways in which we would prove who we are, best first; none by default. */
  readonly offer?: readonly PppAuthMethod[];
  /** Types of options that mean nothing on this carrier, and are rejected; none by default (RFC 2516 §7). */
  readonly rejects?: readonly number[];
}

/** What a link is like before LCP has agreed on anything. */
export function defaultLcpSettings(): LcpSettings {
  return { mru: DEFAULT_MRU, accm: DEFAULT_ACCM, auth: undefined, magic: 0, pfc: false, acfc: false };
}

/** The option's value of each: the protocol, and the algorithm where there are several. */
const AUTH_VALUE: Readonly<Record<PppAuthMethod, Uint8Array>> = {
  "pap": authValue(PPP_PAP),
  "chap-md5": authValue(PPP_CHAP, 5),
  "mschap": authValue(PPP_CHAP, 0x80),
  "mschapv2": authValue(PPP_CHAP, 0x81),
  "eap": authValue(PPP_EAP),
};

function authValue(protocol: number, ...algorithm: number[]): Uint8Array {
  return Uint8Array.of(protocol >>> 8, protocol & 0xff, ...algorithm);
}

function authOption(method: PppAuthMethod): CpOption {
  return { type: LCP_OPTION.AUTHENTICATION, data: AUTH_VALUE[method] };
}

function authMethod(option: CpOption): PppAuthMethod | undefined {
  const methods = Object.keys(AUTH_VALUE) as PppAuthMethod[];
  return methods.find((method) => equalBytes(option.data, AUTH_VALUE[method]));
}

/** Octets of an endpoint discriminator at most: a class and an address of 20. */
const MAX_ENDPOINT_LENGTH = 21;

/** Octets of each option's value; of the authentication protocol it varies. */
const VALUE_LENGTH = new Map<number, number>([
  [LCP_OPTION.MRU, 2],
  [LCP_OPTION.ACCM, 4],
  [LCP_OPTION.MAGIC_NUMBER, 4],
  [LCP_OPTION.PFC, 0],
  [LCP_OPTION.ACFC, 0],
]);

/** The negotiation of LCP options, both directions. */
export class LcpNegotiation implements OptionNegotiation {
  /** What we told the peer and it acknowledged: how it sends to us. */
  local: LcpSettings = defaultLcpSettings();
  /** What the peer told us and we acknowledged: how we send to it. */
  peer: LcpSettings = defaultLcpSettings();
  /** Whether the peer wanted an authentication that we cannot do; for {@linkcode Lcp} to reset. */
  isAuthRefusedByUs: boolean = false;
  /** No larger MRU is asked for than the carrier turned out to hold (RFC 4638 §4). */
  mruLimit: number = Infinity;
  /** Called when our own magic number has come back too often. */
  onLoopback: () => void = () => {};
  /** Called when the peer refuses each authentication that we demand. */
  onAuthRefused: () => void = () => {};
  readonly #wishes: LcpWishes;
  readonly #random: Random;
  readonly #refused = new Set<number>();
  #magic = 0;
  #mru: number;
  #accm: number;
  #demand: PppAuthMethod[] = [];
  #loops = 0;
  #suggestions = 0;

  /** Makes a negotiation that has agreed on nothing. */
  constructor(random: Random, wishes: LcpWishes = {}) {
    this.#random = random;
    this.#wishes = wishes;
    this.#mru = wishes.mru ?? DEFAULT_MRU;
    this.#accm = wishes.accm ?? 0;
  }

  /** {@inheritDoc OptionNegotiation.begin} */
  begin(): void {
    this.local = defaultLcpSettings();
    this.peer = defaultLcpSettings();
    this.#refused.clear();
    this.#mru = Math.min(this.#wishes.mru ?? DEFAULT_MRU, this.mruLimit);
    this.#accm = this.#wishes.accm ?? 0;
    this.#demand = [...(this.#wishes.demand ?? [])];
    this.#magic = this.#newMagic();
    this.#loops = 0;
    this.#suggestions = 0;
  }

  /** {@inheritDoc OptionNegotiation.request} */
  request(): CpOption[] {
    const options: CpOption[] = [];
    if (this.#mru !== DEFAULT_MRU) options.push(numberOption(LCP_OPTION.MRU, this.#mru, 2));
    if (this.#accm !== DEFAULT_ACCM) options.push(numberOption(LCP_OPTION.ACCM, this.#accm, 4));
    if (this.#demand[0] !== undefined) options.push(authOption(this.#demand[0]));
    if (this.#wishes.magic !== false) options.push(numberOption(LCP_OPTION.MAGIC_NUMBER, this.#magic, 4));
    if (this.#wishes.pfc !== false) options.push(numberOption(LCP_OPTION.PFC, 0, 0));
    if (this.#wishes.acfc !== false) options.push(numberOption(LCP_OPTION.ACFC, 0, 0));
    return options.filter((option) => !this.#refused.has(option.type));
  }

  /** {@inheritDoc OptionNegotiation.judge} */
  judge(option: CpOption): "ack" | "reject" | CpOption {
    if (this.#wishes.rejects?.includes(option.type) === true) return "reject";
    if (option.type === LCP_OPTION.AUTHENTICATION) return this.#judgeAuth(option);
    if (option.type === LCP_OPTION.ENDPOINT) {
      return option.data.length >= 1 && option.data.length <= MAX_ENDPOINT_LENGTH ? "ack" : "reject";
    }
    if (VALUE_LENGTH.get(option.type) !== option.data.length) return "reject";
    if (option.type === LCP_OPTION.MRU) {
      return optionNumber(option) < MIN_MRU ? numberOption(LCP_OPTION.MRU, MIN_MRU, 2) : "ack";
    }
    if (option.type === LCP_OPTION.MAGIC_NUMBER) return this.#judgeMagic(optionNumber(option));
    return "ack";
  }

  /** {@inheritDoc OptionNegotiation.insistsOn} Rejecting the magic number would blind us for a loop-back. */
  insistsOn(type: number): boolean {
    return type === LCP_OPTION.MAGIC_NUMBER;
  }

  /** {@inheritDoc OptionNegotiation.isPerhapsOurs} */
  isPerhapsOurs(options: readonly CpOption[]): boolean {
    const magic = options.find((option) => option.type === LCP_OPTION.MAGIC_NUMBER);
    return this.#wishes.magic !== false && magic?.data.length === 4 && optionNumber(magic) === this.#magic;
  }

  /** {@inheritDoc OptionNegotiation.missing} We need nothing of the peer. */
  missing(): CpOption[] {
    return [];
  }

  /** {@inheritDoc OptionNegotiation.accept} */
  accept(options: readonly CpOption[]): void {
    this.peer = settingsFrom(options);
  }

  /** {@inheritDoc OptionNegotiation.acknowledged} */
  acknowledged(options: readonly CpOption[]): void {
    this.local = settingsFrom(options);
  }

  /** {@inheritDoc OptionNegotiation.suggested} */
  suggested(option: CpOption): void {
    const value = optionNumber(option);
    switch (option.type) {
      case LCP_OPTION.MRU:
        // A larger one than ours would be a promise that we cannot keep.
        if (option.data.length === 2 && value >= MIN_MRU && value < this.#mru) this.#mru = value;
        return;
      case LCP_OPTION.ACCM:
        // Only more escapes: what we need escaped is not the peer's to decide (RFC 1662 §7.1).
        if (option.data.length === 4) this.#accm = (this.#accm | value) >>> 0;
        return;
      case LCP_OPTION.AUTHENTICATION:
        return this.#authSuggested(authMethod(option));
      case LCP_OPTION.MAGIC_NUMBER:
        this.#magic = this.#newMagic(); // never the suggested one: it may be our own Nak, come back (RFC 1661 §6.4)
    }
  }

  /** {@inheritDoc OptionNegotiation.refused} */
  refused(option: CpOption): void {
    if (option.type === LCP_OPTION.AUTHENTICATION && this.#demand.length > 0) this.onAuthRefused();
    else this.#refused.add(option.type);
  }

  #authSuggested(method: PppAuthMethod | undefined): void {
    if (this.#demand.length === 0) return; // the peer would like to be asked; we do not need it
    const at = method === undefined ? -1 : this.#demand.indexOf(method);
    // Either what it suggests, or our next best; each Nak takes one away, so this ends.
    this.#demand = at > 0 ? this.#demand.slice(at) : this.#demand.slice(1);
    if (this.#demand.length === 0) this.onAuthRefused();
  }

  #judgeAuth(option: CpOption): "ack" | "reject" | CpOption {
    const offer = this.#wishes.offer ?? [];
    const method = authMethod(option);
    if (method !== undefined && offer.includes(method)) {
      this.isAuthRefusedByUs = false;
      return "ack";
    }
    this.isAuthRefusedByUs = true;
    if (offer.length === 0) return "reject";
    // A peer may know one of them only, and take a suggestion by the letter: each in its turn.
    return authOption(offer[this.#suggestions++ % offer.length]!);
  }

  #judgeMagic(magic: number): "ack" | "reject" | CpOption {
    if (this.#wishes.magic === false) return magic === 0 ? "reject" : "ack";
    if (magic !== 0 && magic !== this.#magic) {
      this.#loops = 0;
      return "ack";
    }
    if (magic !== 0 && ++this.#loops >= DEFAULT_LOOPBACK_LIMIT) this.onLoopback();
    return numberOption(LCP_OPTION.MAGIC_NUMBER, this.#newMagic(), 4);
  }

  #newMagic(): number {
    return this.#random.uint32() || 1;
  }
}

function settingsFrom(options: readonly CpOption[]): LcpSettings {
  const settings = defaultLcpSettings();
  for (const option of options) {
    if (option.type === LCP_OPTION.MRU) settings.mru = optionNumber(option);
    else if (option.type === LCP_OPTION.ACCM) settings.accm = optionNumber(option);
    else if (option.type === LCP_OPTION.AUTHENTICATION) settings.auth = authMethod(option);
    else if (option.type === LCP_OPTION.MAGIC_NUMBER) settings.magic = optionNumber(option);
    else if (option.type === LCP_OPTION.PFC) settings.pfc = true;
    else if (option.type === LCP_OPTION.ACFC) settings.acfc = true;
  }
  return settings;
}
