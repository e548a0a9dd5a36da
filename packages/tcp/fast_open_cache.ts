/** {@linkcode FastOpenCache}: the cookies that servers have given us, and where Fast Open does not work (RFC 7413 §4.1.3).
 *
 * @module
 */
import type { IpAddress } from "@lightwire/ip";

/** Servers remembered; the one not asked for longest goes. */
const MAX_SERVERS = 1024;
/** How long Fast Open is not tried after the second SYN in a row that went unanswered; doubled each time. One may be lost to
 * anything. */
const FIRST_PAUSE_MS = 60_000;
/** The longest pause: a day. */
const MAX_PAUSE_MS = 86_400_000;

/** What is known of one server. */
export class FastOpenServer {
  /** Its cookie, empty before it gave one. */
  cookie: Uint8Array = new Uint8Array(0);
  /** Its MSS option then, 0 before. */
  mss: number = 0;
  /** Its cookie, and our requests, are of the experimental kind (RFC 6994). */
  isExperimental: boolean = false;
  /** 1: it has answered a request of the usual kind without a cookie; 2: an experimental one too. */
  silentKinds: number = 0;
  /** SYNs with the option, in a row, that were not answered in time, or whose text was not taken. */
  lossCount: number = 0;
  /** Until when Fast Open is not tried. */
  pausedUntilMs: number = -Infinity;
}

/** Servers by address. */
export class FastOpenCache {
  readonly #servers = new Map<string, FastOpenServer>();

  /** Servers remembered. */
  get size(): number {
    return this.#servers.size;
  }

  /** What is known of a server, `undefined` for nothing. */
  find(address: IpAddress): FastOpenServer | undefined {
    const key = keyOf(address);
    const server = this.#servers.get(key);
    if (server !== undefined) {
      // The map's order is that of use.
      this.#servers.delete(key);
      this.#servers.set(key, server);
    }
    return server;
  }

  /** A server has given a cookie.
   *
   * @param cookie is kept.
   * @param mss its MSS option.
   * @param isExperimental the cookie came in the experimental option.
   */
  store(address: IpAddress, cookie: Uint8Array, mss: number, isExperimental: boolean = false): void {
    const server = this.#of(address);
    server.cookie = cookie;
    server.isExperimental = isExperimental;
    server.silentKinds = 0;
    server.mss = mss;
  }

  /** A server without a new cookie has told its MSS. */
  noteMss(address: IpAddress, mss: number): void {
    this.#of(address).mss = mss;
  }

  /** Forgets all servers. */
  clear(): void {
    this.#servers.clear();
  }

  /** A SYN with the option was answered as it should. */
  worked(address: IpAddress): void {
    const server = this.find(address);
    if (server !== undefined) server.lossCount = 0;
  }

  /** A request was answered without a cookie: perhaps the server knows the experimental option, which is tried next, and then
   * the usual one again. */
  silent(address: IpAddress): void {
    const server = this.#of(address);
    if (server.cookie.length > 0) return;
    if (server.silentKinds < 2) server.silentKinds++;
    server.isExperimental = server.silentKinds === 1;
  }

  /** Fast Open did not work (RFC 7413 §4.1.3.1, §7.1): a SYN with the option was not answered, and one without it perhaps was; its
   * text was not taken; an ICMP error came; nothing came after the handshake.
   *
   * @param isCertain this is no accident: there is a pause at once.
   */
  failed(address: IpAddress, nowMs: number, isCertain: boolean = false): void {
    const server = this.#of(address);
    if (isCertain && server.lossCount === 0) server.lossCount = 1;
    if (server.lossCount > 0) {
      server.pausedUntilMs = nowMs + Math.min(FIRST_PAUSE_MS * 2 ** (server.lossCount - 1), MAX_PAUSE_MS);
    }
    server.lossCount++;
  }

  #of(address: IpAddress): FastOpenServer {
    const known = this.find(address);
    if (known !== undefined) return known;
    const server = new FastOpenServer();
    this.#servers.set(keyOf(address), server);
    for (const oldest of this.#servers.keys()) {
      if (this.#servers.size <= MAX_SERVERS) break;
      this.#servers.delete(oldest);
    }
    return server;
  }
}

function keyOf(address: IpAddress): string {
  return `${address.family}:${address.w0},${address.w1},${address.w2},${address.w3}`;
}
