/** {@linkcode L2tpServer}: an L2TP network server: takes tunnels of any number of access concentrators, and calls in each
 * (RFC 2661 §5).
 *
 * @module
 */
import {
  findL2tpAvp,
  L2TP_AVP,
  L2TP_MESSAGE,
  l2tpKind,
  parseL2tpControl,
  parseL2tpData,
} from "./l2tp_message.ts";
import { l2tpSessionOptions } from "./l2tp_link.ts";
import { L2tpSessionLink, type L2tpTransport } from "./l2tp_session_link.ts";
import type { L2tpCall, L2tpCallOwner, L2tpTunnelOptions } from "./l2tp_call.ts";
import { L2tpTunnel } from "./l2tp_tunnel.ts";
import type { PppLinkHandlers } from "../ppp_network_link.ts";
import type { PppEnd, PppHost, PppSessionOptions } from "../ppp_session.ts";

/** Tunnels at a time by default. */
export const DEFAULT_L2TP_TUNNELS = 64;

/** What an {@linkcode L2tpServer} asks for each call. */
export interface L2tpAnswer {
  /** PPP's side of the server. */
  readonly options: PppSessionOptions;
  /** What the session tells. */
  readonly handlers?: PppLinkHandlers;
  /** The link, before the first packet: attach an interface to it. */
  readonly made?: (link: L2tpServerLink) => void;
}

/** Options of {@linkcode L2tpServer}. */
export interface L2tpServerOptions extends Omit<L2tpTunnelOptions, "role"> {
  /** Tunnels at a time; default {@linkcode DEFAULT_L2TP_TUNNELS}. */
  readonly maxTunnels?: number;
}

/** The server's side of one call; made by an {@linkcode L2tpServer}. */
export class L2tpServerLink extends L2tpSessionLink implements L2tpCallOwner {
  readonly #tunnel: () => L2tpTunnel;
  readonly #handlers: PppLinkHandlers;

  /** For {@linkcode L2tpServer} only. */
  constructor(
    host: PppHost,
    transport: L2tpTransport,
    options: PppSessionOptions,
    handlers: PppLinkHandlers,
    tunnel: () => L2tpTunnel,
  ) {
    super(host, transport, l2tpSessionOptions(options), {
      ...handlers,
      ended: (end, message) => this.#over(end, message),
    });
    this.#handlers = handlers;
    this.#tunnel = tunnel;
  }

  /** The call begins PPP when it is connected. */
  start(): void {}

  /** {@inheritDoc L2tpCallOwner.callConnected} */
  callConnected(call: L2tpCall): void {
    this.begin(this.#tunnel().peerId, call);
  }

  /** {@inheritDoc L2tpCallOwner.callEnded} */
  callEnded(_call: L2tpCall, _message: string): void {
    this.end();
  }

  /** {@inheritDoc PppNetworkLink.carrierClose} */
  protected override carrierClose(): void {
    const call = this.call;
    if (call !== undefined) this.#tunnel().hangUp(call);
    this.end();
  }

  #over(end: PppEnd, message: string): void {
    const call = this.call;
    if (call !== undefined) this.#tunnel().hangUp(call, message);
    this.end();
    this.#handlers.ended?.(end, message);
  }
}

interface Entry {
  readonly tunnel: L2tpTunnel;
  readonly peer: string;
  readonly peerTunnelId: number;
  readonly links: L2tpServerLink[];
}

/** Takes tunnels. */
export class L2tpServer {
  /** Datagrams dropped: not L2TP, for no tunnel, or for one more tunnel than allowed. */
  dropped: number = 0;
  readonly #host: PppHost;
  readonly #answer: (peer: string) => L2tpAnswer | undefined;
  readonly #options: L2tpServerOptions;
  readonly #entries = new Map<number, Entry>();

  /** Answers from now on.
   *
   * @param answer Says how to speak with somebody who calls from `peer`; `undefined` refuses the call.
   */
  constructor(
    host: PppHost,
    answer: (peer: string) => L2tpAnswer | undefined,
    options: L2tpServerOptions = {},
  ) {
    this.#host = host;
    this.#answer = answer;
    this.#options = options;
  }

  /** Tunnels at present. */
  get tunnelCount(): number {
    return this.#entries.size;
  }

  /** A datagram has arrived.
   *
   * @param peer Who sent it, for instance "192.0.2.1:1701".
   * @param transport How datagrams reach it.
   * @param bytes It is `bytes[start … end]`, borrowed.
   */
  datagramInput(peer: string, transport: L2tpTransport, bytes: Uint8Array, start: number, end: number): void {
    const kind = l2tpKind(bytes, start, end);
    if (kind === "data") {
      const data = parseL2tpData(bytes, start, end);
      const entry = data === undefined ? undefined : this.#entries.get(data.tunnelId);
      const call = entry?.tunnel.callOf(data!.sessionId);
      const link = entry?.links.find((candidate) => candidate.call === call);
      if (link === undefined || call === undefined) return void this.dropped++;
      link.frameInput(bytes, data!.start, data!.end);
      return link.frameInputEnds();
    }
    const message = kind === undefined
      ? undefined
      : parseL2tpControl(bytes, start, end, this.#options.secret);
    if (message === undefined) return void this.dropped++;
    let entry = this.#entries.get(message.tunnelId);
    if (message.tunnelId === 0 && message.type === L2TP_MESSAGE.SCCRQ) {
      const id = findL2tpAvp(message, L2TP_AVP.ASSIGNED_TUNNEL_ID) ?? new Uint8Array(2);
      entry = this.#tunnelFor(peer, (id[0]! << 8) | id[1]!, transport);
    }
    if (entry === undefined || entry.peer !== peer) return void this.dropped++;
    entry.tunnel.input(bytes, start, end);
  }

  /** Ends all tunnels by StopCCN. */
  close(): void {
    for (const { tunnel } of [...this.#entries.values()]) tunnel.close("the server closes");
  }

  /** The tunnel of a peer: the one it has begun already if its request comes again, or a new one. */
  #tunnelFor(peer: string, peerTunnelId: number, transport: L2tpTransport): Entry | undefined {
    for (const entry of this.#entries.values()) {
      if (entry.peer === peer && entry.peerTunnelId === peerTunnelId) return entry;
    }
    if (this.#entries.size >= (this.#options.maxTunnels ?? DEFAULT_L2TP_TUNNELS)) return undefined;
    const links: L2tpServerLink[] = [];
    const tunnel: L2tpTunnel = new L2tpTunnel(this.#host.timers, this.#host.random, {
      sendDatagram: (bytes) => {
        const p = this.#host.pool.acquire(bytes.length, 96);
        if (p === undefined) return;
        p.bytes.set(bytes, p.start);
        transport.send(p);
        transport.flush();
      },
      tunnelReleased: () => void this.#entries.delete(tunnel.localId),
      incomingCall: () => this.#incomingCall(peer, transport, tunnel, links),
    }, { ...this.#options, role: "lns" });
    const entry = { tunnel, peer, peerTunnelId, links };
    this.#entries.set(tunnel.localId, entry);
    return entry;
  }

  #incomingCall(
    peer: string,
    transport: L2tpTransport,
    tunnel: L2tpTunnel,
    links: L2tpServerLink[],
  ): L2tpCallOwner | undefined {
    const answer = this.#answer(peer);
    if (answer === undefined) return undefined;
    const { options, handlers, made } = answer;
    const link: L2tpServerLink = new L2tpServerLink(this.#host, transport, options, {
      ...handlers,
      ended: (end, message) => {
        links.splice(links.indexOf(link), 1);
        handlers?.ended?.(end, message);
      },
    }, () => tunnel);
    links.push(link);
    made?.(link);
    return link;
  }
}
