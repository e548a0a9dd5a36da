/** {@linkcode PppServer}: the answering side for several peers at once: who may come in, which address each gets.
 *
 * @example Two peers over two ports
 * ```ts
 * import { PppLink, PppServer } from "@lightwire/ppp";
 * import { SimulatedCable } from "@lightwire/ppp/sim";
 * import { parseIpAddressOrThrow } from "@lightwire/ip/address";
 * import { Simulation } from "@lightwire/netif/sim";
 * import assert from "node:assert/strict";
 *
 * const sim = new Simulation({ seed: 1 });
 * const server = new PppServer(sim.host("server"), {
 *   localAddress: parseIpAddressOrThrow("10.0.0.1"),
 *   pool: { first: parseIpAddressOrThrow("10.0.0.100"), count: 20 },
 *   dnsServers: [parseIpAddressOrThrow("10.0.0.53")],
 *   user: (name) => name === "alice" ? { secret: "wonderland" } : undefined,
 * });
 * const addresses: string[] = [];
 * for (let i = 0; i < 2; i++) {
 *   const cable = new SimulatedCable({ timers: sim.timers, random: sim.random("noise") });
 *   server.acceptPort(cable.modem);
 *   const client = new PppLink(sim.host(`client ${i}`), cable.computer, {
 *     credentials: { name: "alice", secret: "wonderland" },
 *   }, { up: ({ ipv4 }) => void addresses.push(String(ipv4?.localAddress)) });
 *   client.start();
 * }
 * sim.advance(1000);
 * assert.deepEqual(addresses, ["10.0.0.100", "10.0.0.101"]);
 * server.close();
 * ```
 *
 * @module
 */
import type { Timer } from "@lightwire/netif";
import type { IpAddress } from "@lightwire/ip/address";
import { PppAddressPool } from "./ppp_address_pool.ts";
import { PppLink } from "./ppp_link.ts";
import type { PppLinkHandlers, PppNetworkLink } from "./ppp_network_link.ts";
import type { PppEnd, PppHost, PppSessionOptions, PppUp } from "./ppp_session.ts";
import type { SerialPort } from "./serial_port.ts";

/** What a server knows of a user. */
export interface PppServerUser {
  /** The user's secret. */
  readonly secret: string;
  /** The address that the user always gets; one of the pool by default. */
  readonly address?: IpAddress;
  /** Sessions that the user may have at a time; any number by default, one if there is an {@linkcode address}. */
  readonly maxSessions?: number;
}

/** Options of {@linkcode PppServer}. */
export interface PppServerOptions {
  /** Our address, the same in all sessions. */
  readonly localAddress: IpAddress;
  /** The addresses for peers: `count` of them from `first` on. */
  readonly pool: { readonly first: IpAddress; readonly count: number };
  /** DNS servers to hand out, at most two; none by default. */
  readonly dnsServers?: readonly IpAddress[];
  /** NBNS servers to hand out, at most two; none by default. */
  readonly nbnsServers?: readonly IpAddress[];
  /** Who may come in; by default everybody, without a proof.
   *
   * @returns `undefined` for somebody who may not.
   */
  readonly user?: (name: string) => PppServerUser | undefined;
  /** Sessions at a time; default {@linkcode DEFAULT_MAX_SESSIONS}. */
  readonly maxSessions?: number;
  /** What else to say about each session: idle time, duration, methods of authentication, encryption. */
  readonly session?: PppSessionOptions;
}

/** Sessions of a server at a time, by default. */
export const DEFAULT_MAX_SESSIONS = 64;
/** Time from the end of a session until its link is closed, in milliseconds: what was sent last leaves, and a peer that has not
 * heard it gets another answer. */
export const LINGER_MS = 1000;

/** One session of a {@linkcode PppServer}. */
export interface PppServerSession {
  /** Its number: 1 for the first, never used again. */
  readonly id: number;
  /** Its link, for an interface to be attached to. */
  readonly link: PppNetworkLink;
  /** Who the peer proved to be; "" before, or if it was not asked. */
  readonly userName: string;
  /** What was agreed on; `undefined` before IP flows. */
  readonly up: PppUp | undefined;
}

/** What a link needs to belong to a {@linkcode PppServer}; servers of carriers ask for just this. */
export interface PppServerAnswer {
  /** PPP's side of the server. */
  readonly options: PppSessionOptions;
  /** What the session tells. */
  readonly handlers: PppLinkHandlers;
  /** To be called with the link when it is made, before it starts. */
  readonly made: (link: PppNetworkLink) => void;
}

/** What a {@linkcode PppServer} tells the application. */
export interface PppServerHandlers {
  /** IP flows in a session; again when another family joins. */
  up?(session: PppServerSession, up: PppUp): void;
  /** IP does not flow any more. */
  down?(session: PppServerSession): void;
  /** A session is over. Its address is free, its link is closed {@linkcode LINGER_MS} later. */
  ended?(session: PppServerSession, end: PppEnd, message: string): void;
}

/** What a {@linkcode PppServer} has seen. */
export interface PppServerCounters {
  /** Sessions begun. */
  accepted: number;
  /** Sessions refused because there are as many as may be. */
  refused: number;
  /** Logins refused because the user has as many sessions as he may. */
  userRefused: number;
}

interface Session {
  readonly id: number;
  link: PppNetworkLink;
  userName: string;
  up: PppUp | undefined;
  /** Who is about to come in, or is in. */
  claim: string | undefined;
  address: IpAddress | undefined;
}

/** Answers several peers. */
export class PppServer {
  /** What happened so far. */
  readonly counters: PppServerCounters = { accepted: 0, refused: 0, userRefused: 0 };
  /** The addresses for peers. */
  readonly pool: PppAddressPool;
  readonly #host: PppHost;
  readonly #options: PppServerOptions;
  readonly #handlers: PppServerHandlers;
  readonly #sessions = new Set<Session>();
  readonly #lingering = new Map<PppNetworkLink, Timer>();
  #nextId = 1;

  /** Makes a server without sessions.
   *
   * @throws {RangeError} if the pool is not a range of IPv4 addresses.
   */
  constructor(host: PppHost, options: PppServerOptions, handlers: PppServerHandlers = {}) {
    this.#host = host;
    this.#options = options;
    this.#handlers = handlers;
    this.pool = new PppAddressPool(options.pool.first, options.pool.count);
    this.pool.take(options.localAddress);
  }

  /** The present sessions. */
  get sessions(): readonly PppServerSession[] {
    return [...this.#sessions];
  }

  /** Answers on a serial port, whose peer speaks PPP or soon will. The port is closed with the session.
   *
   * @returns `undefined` if there are as many sessions as may be; the port is then closed.
   */
  acceptPort(port: SerialPort): PppServerSession | undefined {
    const session = this.accept((options, handlers) => new PppLink(this.#host, port, options, handlers));
    if (session === undefined) port.close();
    return session;
  }

  /** Answers over a carrier of any kind.
   *
   * @param makeLink Makes the link with what it is given; the server starts it.
   * @returns `undefined` if there are as many sessions as may be.
   */
  accept(
    makeLink: (options: PppSessionOptions, handlers: PppLinkHandlers) => PppNetworkLink,
  ): PppServerSession | undefined {
    const session = this.#newSession();
    if (session === undefined) return undefined;
    session.link = makeLink(this.#sessionOptions(session), this.#linkHandlers(session));
    this.#sessions.add(session);
    session.link.start();
    return session;
  }

  /** What a server of a carrier, such as PPPoE's or L2TP's, has to know to make the link of one more session by itself. If there
   * are as many as may be, the link is closed at once. */
  answer(): PppServerAnswer {
    const session = this.#newSession();
    if (session === undefined) {
      return { options: {}, handlers: {}, made: (link) => this.#linger(link, 0) };
    }
    return {
      options: this.#sessionOptions(session),
      handlers: this.#linkHandlers(session),
      made: (link) => {
        session.link = link;
        this.#sessions.add(session);
      },
    };
  }

  /** Ends all sessions in an orderly way; the handler hears of each. */
  stop(): void {
    for (const session of this.#sessions) session.link.stop();
  }

  /** Closes all links. The peers are not told; {@linkcode stop} does that. */
  close(): void {
    for (const session of this.#sessions) session.link.close();
    for (const link of [...this.#lingering.keys()]) this.#forget(link);
  }

  #newSession(): Session | undefined {
    if (this.#sessions.size >= (this.#options.maxSessions ?? DEFAULT_MAX_SESSIONS)) {
      this.counters.refused++;
      return undefined;
    }
    this.counters.accepted++;
    return {
      id: this.#nextId++,
      link: undefined!, // made with handlers that know the session
      userName: "",
      up: undefined,
      claim: undefined,
      address: undefined,
    };
  }

  #sessionOptions(session: Session): PppSessionOptions {
    const { session: base = {}, user, localAddress, dnsServers = [], nbnsServers = [] } = this.#options;
    const secretOf = (name: string) => this.#admit(session, name);
    return {
      ...base,
      ...(user === undefined ? {} : { peerSecrets: secretOf }),
      ipcp: {
        requestsDns: false,
        ...(base.ipcp === false ? {} : base.ipcp),
        localAddress,
        peerAddress: {
          acquire: (name) => this.#acquire(session, name),
          release: () => this.#release(session),
        },
        isPeerAddressFixed: true,
        dnsServers,
        nbnsServers,
      },
    };
  }

  #linkHandlers(session: Session): PppLinkHandlers {
    return {
      up: (up) => {
        session.up = up;
        session.userName = up.peerName;
        this.#handlers.up?.(session, up);
      },
      down: () => {
        session.up = undefined;
        this.#handlers.down?.(session);
      },
      ended: (end, message) => {
        if (!this.#sessions.delete(session)) return;
        this.#release(session);
        session.claim = undefined;
        this.#handlers.ended?.(session, end, message);
        this.#linger(session.link, LINGER_MS);
      },
    };
  }

  #linger(link: PppNetworkLink, delayMs: number): void {
    const timer = this.#host.timers.create(() => this.#forget(link));
    this.#lingering.set(link, timer);
    timer.start(delayMs);
  }

  #forget(link: PppNetworkLink): void {
    this.#lingering.get(link)?.stop();
    this.#lingering.delete(link);
    link.close();
  }

  /** The secret of a user who may come in now. */
  #admit(session: Session, name: string): string | undefined {
    const user = this.#options.user?.(name);
    if (user === undefined) return undefined;
    const most = user.maxSessions ?? (user.address === undefined ? Infinity : 1);
    let others = 0;
    for (const other of this.#sessions) {
      if (other !== session && other.claim === name && other.up !== undefined) others++;
    }
    if (others >= most) {
      this.counters.userRefused++;
      return undefined;
    }
    session.claim = name;
    return user.secret;
  }

  #acquire(session: Session, name: string): IpAddress | undefined {
    const fixed = name === "" ? undefined : this.#options.user?.(name)?.address;
    if (fixed === undefined) session.address = this.pool.acquire(name);
    else session.address = this.pool.take(fixed) ? fixed : undefined;
    return session.address;
  }

  #release(session: Session): void {
    if (session.address === undefined) return;
    this.pool.release(session.address);
    session.address = undefined;
  }
}
