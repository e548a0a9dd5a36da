/** {@linkcode SimulatedOperator}: the mobile network behind the simulated modem: who may come in, under which access point name, and
 * the PPP side of each call.
 *
 * @module
 */
import type { Timer } from "@lightwire/netif";
import { type IpAddress, ipv4, parseIpAddressOrThrow } from "@lightwire/ip/address";
import type { PppCredentials } from "../authentication.ts";
import type { PppAuthMethod } from "../lcp_options.ts";
import { PppLink } from "../ppp_link.ts";
import type { PppHost, PppSessionOptions } from "../ppp_session.ts";
import type { SerialPort } from "../serial_port.ts";
import type { PppBehaviour } from "./modem_behaviour.ts";
import { createPppFault } from "./ppp_fault.ts";

/** What a call is put through to. It may return what to do when the call is over. */
export type CallAnswer = (link: PppLink, call: SimulatedCallInfo) => (() => void) | void;

/** What is known of a call when it is answered. */
export interface SimulatedCallInfo {
  /** Address that the caller is given. */
  readonly address: IpAddress;
  /** The network's own address on the link. */
  readonly localAddress: IpAddress;
  /** Access point name, "" when none was told. */
  readonly apn: string;
  /** Number that was dialled. */
  readonly number: string;
}

/** An access point. */
export interface SimulatedApn {
  /** Its name; "*" is any. */
  readonly name: string;
  /** Who may use it; by default the operator's {@linkcode SimulatedOperatorOptions.credentials}, and everybody without those. */
  readonly credentials?: PppCredentials;
  /** How they prove it, best first; by default the operator's. */
  readonly authMethods?: readonly PppAuthMethod[];
}

/** Options of {@linkcode SimulatedOperator}. */
export interface SimulatedOperatorOptions {
  /** Long name; default "Lightwire Mobile". */
  readonly name?: string;
  /** Country and network code; default 00101, which is for tests (ITU-T E.212 annex). */
  readonly code?: string;
  /** Access points; by default any name is one. */
  readonly apns?: readonly SimulatedApn[];
  /** Who may come in; by default everybody, without being asked. */
  readonly credentials?: PppCredentials;
  /** Ways to prove it, best first; what PPP sessions take by default. */
  readonly authMethods?: readonly PppAuthMethod[];
  /** The network's address on each link; default 10.64.64.1. */
  readonly localAddress?: IpAddress;
  /** First address for callers; default 10.64.64.100. There are 100 of them. */
  readonly firstAddress?: IpAddress;
  /** DNS servers to hand out; default 10.64.64.53 and 10.64.64.54. */
  readonly dnsServers?: readonly IpAddress[];
  /** More options of the PPP side. */
  readonly session?: PppSessionOptions;
}

/** How many addresses for callers there are. */
const POOL_SIZE = 100;
/** How often the network asks: longer than callers do, so that the caller is the one who gives up. */
const MAX_CONFIGURE = 40;
/** How long the network waits after the caller's Terminate-Request until it hangs up, in milliseconds. */
const HANG_UP_MS = 100;
/** How long it waits for an answer to its own. */
const FAREWELL_MS = 1000;

/** One call, as the network sees it. */
export interface SimulatedCall {
  /** The PPP side, `undefined` where nobody speaks PPP. */
  readonly link: PppLink | undefined;
  /** Data flow: the PPP side begins. */
  begin(): void;
  /** The caller is gone, or is thrown out. */
  end(): void;
}

/** What a call is about. */
export interface CallRequest {
  /** Access point name. */
  readonly apn: string;
  /** Type of the context: `IP`, `IPV6`, `IPV4V6` or `PPP` (3GPP TS 27.007 §10.1.1). */
  readonly type: string;
  /** Number dialled. */
  readonly number: string;
  /** What PPP meets. */
  readonly behaviour: PppBehaviour;
}

/** A network. */
export class SimulatedOperator {
  /** Long name. */
  readonly name: string;
  /** Country and network code. */
  readonly code: string;
  /** The network's address on each link. */
  readonly localAddress: IpAddress;
  /** DNS servers that are handed out. */
  readonly dnsServers: readonly IpAddress[];
  readonly #host: PppHost;
  readonly #options: SimulatedOperatorOptions;
  readonly #apns: readonly SimulatedApn[];
  readonly #firstAddress: IpAddress;
  readonly #used = new Set<number>();
  #next = 0;

  /** Makes a network. */
  constructor(host: PppHost, options: SimulatedOperatorOptions = {}) {
    this.#host = host;
    this.#options = options;
    this.name = options.name ?? "Lightwire Mobile";
    this.code = options.code ?? "00101";
    this.#apns = options.apns ?? [{ name: "*" }];
    this.localAddress = options.localAddress ?? parseIpAddressOrThrow("10.64.64.1");
    this.#firstAddress = options.firstAddress ?? parseIpAddressOrThrow("10.64.64.100");
    this.dnsServers = options.dnsServers ??
      [parseIpAddressOrThrow("10.64.64.53"), parseIpAddressOrThrow("10.64.64.54")];
  }

  /** The access point of a name; the first one when none is told. `undefined` if there is none. */
  findApn(name: string): SimulatedApn | undefined {
    if (name === "") return this.#apns[0];
    const wanted = name.toLowerCase();
    return this.#apns.find((apn) => apn.name === "*" || apn.name.toLowerCase() === wanted);
  }

  /** Takes an address for a caller; `undefined` when all are in use. */
  takeAddress(): IpAddress | undefined {
    for (let i = 0; i < POOL_SIZE; i++) {
      const offset = (this.#next + i) % POOL_SIZE;
      if (this.#used.has(offset)) continue;
      this.#used.add(offset);
      this.#next = (offset + 1) % POOL_SIZE;
      return ipv4(this.#firstAddress.w3 + offset);
    }
    return undefined;
  }

  /** Gives an address back. */
  releaseAddress(address: IpAddress): void {
    this.#used.delete(address.w3 - this.#firstAddress.w3);
  }

  /** Answers a call.
   *
   * @param port The line to the caller.
   * @param request What it is about.
   * @param address The caller's, of {@linkcode SimulatedOperator.takeAddress}.
   * @param answer Who gets the PPP side before it begins.
   * @param onOver Called when the network ends the call.
   */
  answer(
    port: SerialPort,
    request: CallRequest,
    address: IpAddress,
    answer: CallAnswer | undefined,
    onOver: () => void,
  ): SimulatedCall {
    if (request.behaviour === "silent" || request.behaviour === "looped") {
      return { link: undefined, begin() {}, end() {} };
    }
    const { timers } = this.#host;
    const timer: Timer = timers.create(() => onOver());
    const fault = createPppFault(request.behaviour, port, timers, onOver);
    const link = new PppLink(this.#host, fault.port, this.#sessionOptions(request, address), {
      up: () => fault.up(),
      phaseChanged: (phase) => {
        // The side that is asked to end waits for nothing; the side that asks waits for the answer.
        if (phase === "Terminate") {
          timer.start(link.session.lcp.state === "Stopping" ? HANG_UP_MS : FAREWELL_MS);
        }
      },
      ended: () => onOver(),
    });
    const info = { address, localAddress: this.localAddress, apn: request.apn, number: request.number };
    const cleanUp = answer?.(link, info);
    return {
      link,
      begin: () => link.start(),
      end: () => {
        timer.stop();
        fault.stop();
        link.close();
        cleanUp?.();
      },
    };
  }

  #sessionOptions(request: CallRequest, address: IpAddress): PppSessionOptions {
    const apn = this.findApn(request.apn);
    const credentials = apn?.credentials ?? this.#options.credentials;
    const authMethods = apn?.authMethods ?? this.#options.authMethods;
    const { behaviour } = request;
    const hasIpv6 = behaviour === "ipv6-only" || request.type.includes("V6");
    const hasIpv4 = behaviour !== "ipv6-only" && request.type !== "IPV6";
    const secretOf = (name: string) => name === credentials?.name ? credentials.secret : undefined;
    const options: PppSessionOptions = {
      name: "lightwire-operator",
      ...(authMethods === undefined ? {} : { authMethods }),
      ...(credentials === undefined ? {} : { peerSecrets: secretOf }),
      ipcp: !hasIpv4 ? false : {
        localAddress: this.localAddress,
        peerAddress: address,
        isPeerAddressFixed: true,
        requestsDns: false,
        dnsServers: behaviour === "no-dns" ? [] : this.dnsServers,
      },
      ipv6cp: hasIpv6 ? {} : false,
      ...this.#options.session,
      lcp: { maxConfigure: MAX_CONFIGURE, ...this.#options.session?.lcp },
    };
    if (behaviour === "no-password") return { ...options, peerSecrets: () => undefined };
    if (behaviour === "odd-auth") {
      return { ...options, authMethods: ["chap-md5"], peerSecrets: () => undefined };
    }
    return options;
  }
}
