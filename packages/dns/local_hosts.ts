/** {@linkcode LocalHosts}: names that need no server, like those of /etc/hosts.
 *
 * @module
 */
import { type IpAddress, parseIpAddress } from "@lightwire/ip";
import { dnsLabels, dnsNameKey } from "./dns_name.ts";

/** Most names that are kept. */
export const MAX_LOCAL_HOSTS = 4096;

/** A name and one of its addresses. */
export interface LocalHost {
  /** The name. */
  readonly name: string;
  /** An address. */
  readonly address: IpAddress;
}

/** A list of names with addresses, asked before any server. */
export class LocalHosts implements Iterable<LocalHost> {
  readonly #hosts = new Map<string, LocalHost[]>();
  #size = 0;

  /** A list of what is given. */
  constructor(hosts: Iterable<LocalHost> = []) {
    for (const { name, address } of hosts) this.add(name, address);
  }

  /** Number of pairs. */
  get size(): number {
    return this.#size;
  }

  /** All pairs, by name in the order of adding. */
  *[Symbol.iterator](): Iterator<LocalHost> {
    for (const hosts of this.#hosts.values()) yield* hosts;
  }

  /** Adds an address of a name; harmless when it is there.
   *
   * @throws {RangeError} when `name` is no domain name, or past {@linkcode MAX_LOCAL_HOSTS}.
   */
  add(name: string, address: IpAddress): void {
    if (dnsLabels(name) === undefined) throw new RangeError(`Cannot add "${name}": not a domain name`);
    if (this.#size >= MAX_LOCAL_HOSTS) {
      throw new RangeError(`Cannot add "${name}": ${MAX_LOCAL_HOSTS} names are there already`);
    }
    const key = dnsNameKey(name);
    const hosts = this.#hosts.get(key) ?? [];
    if (hosts.some((h) => h.address.equals(address))) return;
    hosts.push({ name, address });
    this.#hosts.set(key, hosts);
    this.#size++;
  }

  /** Removes pairs: those of a name, of an address, or of both.
   *
   * @returns how many there were.
   */
  remove(name: string | undefined, address?: IpAddress): number {
    let count = 0;
    for (const [key, hosts] of this.#hosts) {
      if (name !== undefined && key !== dnsNameKey(name)) continue;
      const rest = hosts.filter((h) => address !== undefined && !h.address.equals(address));
      count += hosts.length - rest.length;
      if (rest.length === 0) this.#hosts.delete(key);
      else this.#hosts.set(key, rest);
    }
    this.#size -= count;
    return count;
  }

  /** The addresses of a name; `undefined` when it is not in the list. */
  addressesOf(name: string): IpAddress[] | undefined {
    return this.#hosts.get(dnsNameKey(name))?.map((h) => h.address);
  }

  /** The first name of an address. */
  nameOf(address: IpAddress): string | undefined {
    for (const host of this) if (host.address.equals(address)) return host.name;
    return undefined;
  }
}

/** Reads a text in the form of /etc/hosts: an address, then names; `#` begins a comment. Lines of another form are left out. */
export function parseHostsFile(text: string): LocalHost[] {
  const hosts: LocalHost[] = [];
  for (const line of text.split("\n")) {
    const [first, ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    const address = parseIpAddress(first ?? "");
    if (address === undefined) continue;
    for (const name of names) if (dnsLabels(name) !== undefined) hosts.push({ name, address });
  }
  return hosts;
}
