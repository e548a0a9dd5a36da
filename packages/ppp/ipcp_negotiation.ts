/** {@linkcode IpcpNegotiation}: the options of IPCP (RFC 1332 §3 and §4, RFC 1877 §1).
 *
 * @module
 */
import { type IpAddress, ipv4 } from "@lightwire/ip/address";
import type { OptionNegotiation } from "./control_protocol.ts";
import { type CpOption, numberOption, optionNumber } from "./cp_packet.ts";
import type { IpcpOptions, VjSettings } from "./ipcp.ts";
import { PPP_VJ_COMPRESSED } from "./ppp_protocol_number.ts";
import { DEFAULT_VJ_SLOTS, MAX_VJ_SLOTS, MIN_VJ_SLOTS } from "./vj_format.ts";

/** Types of the options spoken here (RFC 1332 §3, RFC 1877 §1). */
export const IPCP_OPTION = {
  ADDRESSES: 1,
  COMPRESSION: 2,
  ADDRESS: 3,
  DNS1: 129,
  NBNS1: 130,
  DNS2: 131,
  NBNS2: 132,
} as const;

/** The peer's address if it has none and we have none for it: packets are routed by link and never sent to it. */
export const UNKNOWN_PEER_ADDRESS: IpAddress = ipv4(0x0a404040);

/** Whether an address can be that of a host at the end of a link: neither "this network", nor loop-back, multicast, or class E. */
export function isHostAddress(bits: number): boolean {
  const first = bits >>> 24;
  return first !== 0 && first !== 127 && first < 224;
}

/** The option for VJ: protocol, max-slot-id, comp-slot-id (RFC 1332 §4.1). */
function vjOption(settings: VjSettings): CpOption {
  const data = Uint8Array.of(0, PPP_VJ_COMPRESSED, settings.slots - 1, settings.mayOmitSlot ? 1 : 0);
  return { type: IPCP_OPTION.COMPRESSION, data };
}

function vjSettings({ data }: CpOption): VjSettings | undefined {
  if (data.length !== 4 || data[0] !== 0 || data[1] !== PPP_VJ_COMPRESSED || data[3]! > 1) return undefined;
  return { slots: data[2]! + 1, mayOmitSlot: data[3] === 1 };
}

/** What of VJ we want, from the options of IPCP. */
function vjWish(vj: IpcpOptions["vj"]): VjSettings | undefined {
  if (vj === false) return undefined;
  const slots = typeof vj === "object" ? vj.slots ?? DEFAULT_VJ_SLOTS : DEFAULT_VJ_SLOTS;
  if (!(slots >= MIN_VJ_SLOTS && slots <= MAX_VJ_SLOTS)) {
    throw new RangeError(`Cannot compress headers with ${slots} slots: 1 to 256 are possible`);
  }
  return { slots, mayOmitSlot: true };
}

/** The negotiation of IPCP options, both directions. */
export class IpcpNegotiation implements OptionNegotiation {
  /** Our address; 0 while unknown. */
  localBits: number = 0;
  /** What the peer calls its address; 0 if nothing. */
  peerBits: number = 0;
  /** How the peer may compress headers to us. */
  vjInbound: VjSettings | undefined;
  /** How we may compress headers to the peer. */
  vjOutbound: VjSettings | undefined;
  /** The address the peer gets if it has none, or the one it must have. */
  given: IpAddress | undefined;
  /** Called when the peer has left us without an address. */
  onNoAddress: () => void = () => {};
  /** Servers asked for, by option, with what the peer said. */
  readonly servers: Map<number, number> = new Map();
  readonly #options: IpcpOptions;
  readonly #offers = new Map<number, number>();
  readonly #refused = new Set<number>();
  readonly #vjWish: VjSettings | undefined;
  #vj: VjSettings | undefined;

  /** Makes a negotiation that has agreed on nothing.
   *
   * @throws {RangeError} if the number of VJ slots is not in 1 … 256.
   */
  constructor(options: IpcpOptions) {
    this.#options = options;
    this.#vjWish = vjWish(options.vj);
    const offer = (type: number, address: IpAddress | undefined) => {
      if (address !== undefined) this.#offers.set(type, address.w3);
    };
    offer(IPCP_OPTION.DNS1, options.dnsServers?.[0]);
    offer(IPCP_OPTION.DNS2, options.dnsServers?.[1] ?? options.dnsServers?.[0]);
    offer(IPCP_OPTION.NBNS1, options.nbnsServers?.[0]);
    offer(IPCP_OPTION.NBNS2, options.nbnsServers?.[1] ?? options.nbnsServers?.[0]);
  }

  /** {@inheritDoc OptionNegotiation.begin} */
  begin(): void {
    this.localBits = this.#options.localAddress?.w3 ?? 0;
    this.peerBits = 0;
    this.vjInbound = this.vjOutbound = undefined;
    this.#vj = this.#vjWish;
    this.#refused.clear();
    this.servers.clear();
    if (this.#options.requestsDns !== false) {
      this.servers.set(IPCP_OPTION.DNS1, 0);
      this.servers.set(IPCP_OPTION.DNS2, 0);
    }
    if (this.#options.requestsNbns === true) {
      this.servers.set(IPCP_OPTION.NBNS1, 0);
      this.servers.set(IPCP_OPTION.NBNS2, 0);
    }
  }

  /** {@inheritDoc OptionNegotiation.request} */
  request(): CpOption[] {
    const options = [numberOption(IPCP_OPTION.ADDRESS, this.localBits, 4)];
    if (this.#vj !== undefined) options.push(vjOption(this.#vj));
    for (const [type, bits] of this.servers) options.push(numberOption(type, bits, 4));
    return options.filter((option) => !this.#refused.has(option.type));
  }

  /** {@inheritDoc OptionNegotiation.judge} */
  judge(option: CpOption): "ack" | "reject" | CpOption {
    if (option.type === IPCP_OPTION.COMPRESSION) return this.#judgeVj(option);
    if (option.type === IPCP_OPTION.ADDRESSES) return this.#judgeAddresses(option);
    if (option.data.length !== 4) return "reject";
    const bits = optionNumber(option);
    if (option.type === IPCP_OPTION.ADDRESS) {
      if (this.#isPeerAddressGood(bits)) return "ack";
      return numberOption(IPCP_OPTION.ADDRESS, (this.given ?? UNKNOWN_PEER_ADDRESS).w3, 4);
    }
    const offer = this.#offers.get(option.type);
    if (offer === undefined) return "reject";
    return bits === offer ? "ack" : numberOption(option.type, offer, 4);
  }

  /** {@inheritDoc OptionNegotiation.insistsOn} */
  insistsOn(): boolean {
    return false;
  }

  /** {@inheritDoc OptionNegotiation.missing} A peer whose address is fixed has to name it. */
  missing(options: readonly CpOption[]): CpOption[] {
    if (this.given === undefined || this.#options.isPeerAddressFixed !== true) return [];
    if (options.some(({ type }) => type === IPCP_OPTION.ADDRESS || type === IPCP_OPTION.ADDRESSES)) return [];
    return [numberOption(IPCP_OPTION.ADDRESS, this.given.w3, 4)];
  }

  /** {@inheritDoc OptionNegotiation.accept} */
  accept(options: readonly CpOption[]): void {
    this.peerBits = 0;
    this.vjOutbound = undefined;
    for (const option of options) {
      if (option.type === IPCP_OPTION.ADDRESS) this.peerBits = optionNumber(option);
      else if (option.type === IPCP_OPTION.COMPRESSION) this.vjOutbound = vjSettings(option);
      else if (option.type === IPCP_OPTION.ADDRESSES) {
        this.peerBits = optionNumber(option);
        if (this.localBits === 0) this.localBits = secondAddress(option);
      }
    }
  }

  /** {@inheritDoc OptionNegotiation.acknowledged} */
  acknowledged(options: readonly CpOption[]): void {
    const vj = options.find((option) => option.type === IPCP_OPTION.COMPRESSION);
    this.vjInbound = vj === undefined ? undefined : vjSettings(vj);
    if (!isHostAddress(this.localBits)) this.onNoAddress();
  }

  /** {@inheritDoc OptionNegotiation.suggested} */
  suggested(option: CpOption): void {
    if (option.type === IPCP_OPTION.COMPRESSION) return this.#vjSuggested(option);
    if (option.data.length !== 4) return;
    const bits = optionNumber(option);
    if (option.type === IPCP_OPTION.ADDRESS) {
      // A configured address is not given up: the peer may insist until the refusals end it.
      if (this.#options.localAddress === undefined && isHostAddress(bits)) this.localBits = bits;
    } else if (this.servers.has(option.type)) this.servers.set(option.type, bits);
  }

  /** {@inheritDoc OptionNegotiation.refused} */
  refused(option: CpOption): void {
    if (option.type === IPCP_OPTION.ADDRESS && this.localBits === 0) this.onNoAddress();
    else this.#refused.add(option.type);
    this.servers.delete(option.type);
  }

  /** The servers of two options, each of them once. */
  serversOf(first: number, second: number): IpAddress[] {
    const bits = new Set([this.servers.get(first) ?? 0, this.servers.get(second) ?? 0]);
    return [...bits].filter((b) => b !== 0).map((b) => ipv4(b));
  }

  #isPeerAddressGood(bits: number): boolean {
    const mustTake = this.given !== undefined && this.#options.isPeerAddressFixed === true;
    return mustTake ? bits === this.given!.w3 : isHostAddress(bits);
  }

  /** Both addresses in one option, obsolete since RFC 1332 §3.1: the peer's, and what the peer believes is ours. */
  #judgeAddresses(option: CpOption): "ack" | "reject" | CpOption {
    if (option.data.length !== 8) return "reject";
    const theirs = optionNumber(option);
    const ours = secondAddress(option);
    const isOurGood = this.localBits === 0 ? isHostAddress(ours) : ours === this.localBits;
    if (this.#isPeerAddressGood(theirs) && isOurGood) return "ack";
    const data = new Uint8Array(8);
    const view = new DataView(data.buffer);
    const suggestion = (this.given ?? UNKNOWN_PEER_ADDRESS).w3;
    view.setUint32(0, this.#isPeerAddressGood(theirs) ? theirs : suggestion);
    view.setUint32(4, this.localBits);
    return { type: IPCP_OPTION.ADDRESSES, data };
  }

  #judgeVj(option: CpOption): "ack" | "reject" | CpOption {
    const wish = this.#vjWish;
    const isVj = option.data.length >= 2 && option.data[0] === 0 && option.data[1] === PPP_VJ_COMPRESSED;
    if (wish === undefined || !isVj) return "reject";
    return vjSettings(option) === undefined ? vjOption(wish) : "ack";
  }

  /** Fewer slots are fine, more we do not keep; anything else means that the peer does not compress. */
  #vjSuggested(option: CpOption): void {
    const suggestion = vjSettings(option);
    if (this.#vj === undefined || suggestion === undefined) return void (this.#vj = undefined);
    this.#vj = {
      slots: Math.min(suggestion.slots, this.#vj.slots),
      mayOmitSlot: suggestion.mayOmitSlot && this.#vj.mayOmitSlot,
    };
  }
}

function secondAddress({ data }: CpOption): number {
  return optionNumber({ type: 0, data: data.subarray(4) });
}
