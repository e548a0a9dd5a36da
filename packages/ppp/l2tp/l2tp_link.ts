/** {@linkcode L2tpLink}: PPP in an L2TP tunnel of its own, from the access concentrator's end, as a link driver (RFC 2661).
 *
 * @module
 */
import { l2tpKind, parseL2tpData } from "./l2tp_message.ts";
import { L2tpSessionLink, type L2tpTransport } from "./l2tp_session_link.ts";
import type { L2tpCall, L2tpCallOwner, L2tpTunnelOptions } from "./l2tp_call.ts";
import { L2tpTunnel } from "./l2tp_tunnel.ts";
import { FRAMED_CARRIER_LCP, type PppLinkHandlers } from "../ppp_network_link.ts";
import type { PppEnd, PppHost, PppSessionOptions } from "../ppp_session.ts";

/** Longest PPP packet by default: with IP, UDP, L2TP and PPP around it, it fits into 1500 octets and a tag or two. */
export const DEFAULT_L2TP_MRU = 1450;

/** Options of {@linkcode L2tpLink}. */
export interface L2tpLinkOptions extends PppSessionOptions {
  /** The tunnel. */
  readonly tunnel?: L2tpTunnelOptions;
}

/** What an {@linkcode L2tpLink} tells the application. */
export interface L2tpLinkHandlers extends PppLinkHandlers {
  /** The tunnel and the call are there: PPP begins.
   *
   * @param peerName What the network server calls itself.
   */
  connected?(peerName: string): void;
}

/** LCP without what makes no sense in datagrams; header compression depends on packets in order, and is off. */
export function l2tpSessionOptions(options: PppSessionOptions): PppSessionOptions {
  const mru = options.lcp?.mru ?? DEFAULT_L2TP_MRU;
  const ipcp = options.ipcp === false ? false : { ...options.ipcp, vj: false };
  return { ...options, ipcp, lcp: { ...options.lcp, ...FRAMED_CARRIER_LCP, mru } };
}

/** Opens a tunnel, places a call, speaks PPP. */
export class L2tpLink extends L2tpSessionLink implements L2tpCallOwner {
  readonly #handlers: L2tpLinkHandlers;
  readonly #options: L2tpLinkOptions;
  #tunnel: L2tpTunnel | undefined;
  #message = "";
  #peerName = "";
  #isOver = true;

  /** Makes a link in phase Dead. */
  constructor(
    host: PppHost,
    transport: L2tpTransport,
    options: L2tpLinkOptions = {},
    handlers: L2tpLinkHandlers = {},
  ) {
    super(host, transport, l2tpSessionOptions(options), {
      ...handlers,
      ended: (end, message) => this.#over(end, message),
    });
    this.#handlers = handlers;
    this.#options = options;
  }

  /** The present tunnel, or the last one. */
  get tunnel(): L2tpTunnel | undefined {
    return this.#tunnel;
  }

  /** {@inheritDoc PppNetworkLink.start} */
  start(): void {
    if (!this.#isOver) return;
    this.#isOver = false;
    this.#message = "";
    const tunnel: L2tpTunnel = new L2tpTunnel(this.host.timers, this.host.random, {
      sendDatagram: (bytes) => this.sendMessage(bytes),
      tunnelUp: (peerName) => {
        this.#peerName = peerName;
        tunnel.call(this);
      },
      tunnelClosed: (message) => this.#carrierLost(message),
    }, this.#options.tunnel);
    this.#tunnel = tunnel;
    tunnel.open();
  }

  /** Ends the session in an orderly way: Terminate-Request, CDN, StopCCN. Before there is one: ends the tunnel. */
  override stop(): void {
    if (this.call !== undefined) return super.stop();
    if (!this.#isOver) this.#over("closed", "");
  }

  /** A datagram has arrived: `bytes[start … end]`, borrowed. */
  datagramInput(bytes: Uint8Array, start: number, end: number): void {
    const tunnel = this.#tunnel;
    const kind = l2tpKind(bytes, start, end);
    if (tunnel === undefined || kind === undefined) return void this.counters.badHeaders++;
    if (kind === "control") return tunnel.input(bytes, start, end);
    const data = parseL2tpData(bytes, start, end);
    const isOurs = data?.tunnelId === tunnel.localId && tunnel.callOf(data.sessionId) !== undefined;
    if (data !== undefined && isOurs) this.frameInput(bytes, data.start, data.end);
    else this.counters.badHeaders++;
  }

  /** {@inheritDoc L2tpCallOwner.callConnected} */
  callConnected(call: L2tpCall): void {
    this.#handlers.connected?.(this.#peerName);
    this.begin(this.#tunnel!.peerId, call);
  }

  /** {@inheritDoc L2tpCallOwner.callEnded} */
  callEnded(_call: L2tpCall, message: string): void {
    this.#carrierLost(message);
  }

  /** {@inheritDoc PppNetworkLink.carrierClose} */
  protected override carrierClose(): void {
    this.#isOver = true;
    this.end();
    this.#tunnel?.close();
  }

  /** The call or the tunnel is gone; PPP hears it if it runs, the application in any case. */
  #carrierLost(message: string): void {
    if (this.#isOver) return;
    this.#message ||= message;
    if (this.call !== undefined) this.end();
    else this.#over("line-lost", message);
  }

  #over(end: PppEnd, message: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const call = this.call;
    if (call !== undefined) this.#tunnel?.hangUp(call);
    this.end();
    this.#tunnel?.close();
    this.#handlers.ended?.(end, message || this.#message);
  }
}
