/** {@linkcode ServerList}: whom to ask, in which order.
 *
 * @module
 */
import type { Clock } from "@lightwire/netif";
import type { IpAddress } from "@lightwire/ip";

/** How long a server that did not answer is asked after the others, in milliseconds. */
export const DNS_SERVER_PENALTY_MS = 30_000;

/** Servers in order of preference; one that did not answer lately comes after the others. */
export class ServerList {
  readonly #clock: Clock;
  readonly #max: number;
  #servers: readonly IpAddress[] = [];
  #fallback: readonly IpAddress[] = [];
  readonly #silentUntil: Map<string, number> = new Map();

  /** An empty list.
   *
   * @param max most servers to keep of either kind; those past it are left out.
   */
  constructor(clock: Clock, max: number) {
    this.#clock = clock;
    this.#max = max;
  }

  /** Servers, best first. Setting forgets who did not answer. */
  get servers(): readonly IpAddress[] {
    return this.#servers;
  }

  set servers(servers: readonly IpAddress[]) {
    this.#servers = distinct(servers).slice(0, this.#max);
    this.#silentUntil.clear();
  }

  /** Servers to ask when there are no others, or all others failed. */
  get fallback(): readonly IpAddress[] {
    return this.#fallback;
  }

  set fallback(servers: readonly IpAddress[]) {
    this.#fallback = distinct(servers).slice(0, this.#max);
  }

  /** Whom to ask now, in order. */
  order(): IpAddress[] {
    const now = this.#clock.now();
    const isSilent = (server: IpAddress): boolean => (this.#silentUntil.get(`${server}`) ?? 0) > now;
    const all = distinct([...this.#servers, ...this.#fallback]);
    const known = all.slice(0, this.#servers.length);
    return [
      ...known.filter((server) => !isSilent(server)),
      ...known.filter(isSilent),
      ...all.slice(this.#servers.length),
    ];
  }

  /** Notes whether a server answered. */
  note(server: IpAddress, isAlive: boolean): void {
    const key = `${server}`;
    if (isAlive) this.#silentUntil.delete(key);
    else if (this.#servers.some((s) => s.equals(server))) {
      this.#silentUntil.set(key, this.#clock.now() + DNS_SERVER_PENALTY_MS);
    }
  }
}

function distinct(servers: readonly IpAddress[]): IpAddress[] {
  return servers.filter((server, i) =>
    !server.isUnspecified && servers.findIndex((s) => s.equals(server)) === i
  );
}
