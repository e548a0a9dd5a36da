/** {@linkcode NetworkLayerGate}: where frames from drivers enter the stack.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import type { Netif, NetworkLayer } from "@lightwire/netif";
import type { Pump } from "./pump.ts";

/** Stands between an interface and the IP layer, and tells the pump where a batch of input ends: a driver may read
 * for a long time without giving the event loop a turn, and each batch is to see its own time. */
export class NetworkLayerGate implements NetworkLayer {
  readonly #layer: NetworkLayer;
  readonly #pump: Pump;

  /** @param layer the IP layer. */
  constructor(layer: NetworkLayer, pump: Pump) {
    this.#layer = layer;
    this.#pump = pump;
  }

  /** {@inheritDoc NetworkLayer.networkInput} */
  networkInput(netif: Netif, etherType: number, p: Pbuf): void {
    this.#layer.networkInput(netif, etherType, p);
  }

  /** {@inheritDoc NetworkLayer.inputBatchEnd} */
  inputBatchEnd(netif: Netif): void {
    this.#layer.inputBatchEnd(netif);
    this.#pump.endInput();
  }

  /** {@inheritDoc NetworkLayer.netifChanged} */
  netifChanged(netif: Netif): void {
    this.#layer.netifChanged(netif);
  }
}
