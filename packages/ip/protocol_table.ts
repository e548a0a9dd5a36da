/** Data plane. {@linkcode ProtocolTable}: who gets the packets of which protocol.
 *
 * @module
 */
import type { Netif } from "@lightwire/netif";
import type { IpAddress } from "./address.ts";
import type { IpProtocolHandler } from "./protocol.ts";

/** The registered protocols. */
export class ProtocolTable {
  /** By protocol number, 0 … 255. */
  readonly byNumber: (IpProtocolHandler | undefined)[];
  readonly #inOrder: IpProtocolHandler[];

  /** An empty table. */
  constructor() {
    this.byNumber = new Array<IpProtocolHandler | undefined>(256).fill(undefined);
    this.#inOrder = [];
  }

  /** Adds a protocol.
   *
   * @throws {TypeError} when its number is taken.
   */
  register(handler: IpProtocolHandler): void {
    if (this.byNumber[handler.protocol] !== undefined) {
      throw new TypeError(`Cannot register protocol ${handler.protocol} twice`);
    }
    this.byNumber[handler.protocol] = handler;
    this.#inOrder.push(handler);
  }

  /** Tells all that a batch of input is over, in the order of registration. */
  inputBatchEnd(): void {
    for (let i = 0; i < this.#inOrder.length; i++) this.#inOrder[i]!.inputBatchEnd();
  }

  /** Tells all that an address came or went. */
  addressChanged(address: IpAddress, netif: Netif, isPresent: boolean): void {
    for (const handler of this.#inOrder) handler.addressChanged(address, netif, isPresent);
  }
}
