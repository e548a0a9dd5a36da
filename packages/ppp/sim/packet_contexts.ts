/** {@linkcode PacketContexts}: the contexts of the simulated modem (3GPP TS 27.007 §10.1).
 *
 * @module
 */
import type { IpAddress } from "@lightwire/ip/address";

/** A context. */
export interface PacketContext {
  /** `IP`, `IPV6`, `IPV4V6` or `PPP`. */
  type: string;
  /** Access point name, "" for the operator's choice. */
  apn: string;
  /** Address which the network gave; a context that has one is active. */
  address: IpAddress | undefined;
  /** Ends the call that it carries; `undefined` while there is none. */
  hangUp: (() => void) | undefined;
  /** What `+CGAUTH` set: kind, user and password. */
  auth: readonly string[];
}

/** Contexts which a modem has at most. */
export const MAX_CONTEXTS = 16;

/** All contexts of a modem. */
export class PacketContexts {
  readonly #contexts = new Map<number, PacketContext>();

  /** Those that are defined, by their number. */
  get defined(): readonly (readonly [number, PacketContext])[] {
    return [...this.#contexts].sort(([a], [b]) => a - b);
  }

  /** A context, `undefined` if it is not defined. */
  get(cid: number): PacketContext | undefined {
    return this.#contexts.get(cid);
  }

  /** Defines a context. */
  define(cid: number, type: string, apn: string): PacketContext {
    const old = this.#contexts.get(cid);
    const context: PacketContext = {
      type,
      apn,
      address: undefined,
      hangUp: undefined,
      auth: old?.auth ?? [],
    };
    this.#contexts.set(cid, context);
    return context;
  }

  /** Takes a definition away. */
  remove(cid: number): void {
    this.#contexts.delete(cid);
  }
}
