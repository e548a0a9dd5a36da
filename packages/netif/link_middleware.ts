/** {@linkcode LinkMiddleware}: a driver around another driver.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import type { LinkCapabilities, LinkDriver, LinkSink, MacAddress } from "./link.ts";

/** Passes everything through, in both directions; what extends it overrides what it is interested in. It is a driver for the
 * interface above, and the sink of the driver below. */
export class LinkMiddleware implements LinkDriver, LinkSink {
  /** The wrapped driver. */
  readonly driver: LinkDriver;
  /** {@inheritDoc LinkDriver.medium} */
  readonly medium: "ethernet" | "ip";
  /** {@inheritDoc LinkDriver.mtu} */
  readonly mtu: number;
  /** {@inheritDoc LinkDriver.maxHeaderLength} */
  readonly maxHeaderLength: number;
  /** {@inheritDoc LinkDriver.macAddress} */
  readonly macAddress: MacAddress | undefined;
  /** {@inheritDoc LinkDriver.capabilities} */
  readonly capabilities: LinkCapabilities;
  /** Who is above; `undefined` before {@linkcode attach}. */
  protected sink: LinkSink | undefined;

  /** Wraps a driver.
   *
   * @param capabilities what is offered upwards; default: what the driver offers.
   */
  constructor(driver: LinkDriver, capabilities: LinkCapabilities = driver.capabilities) {
    this.driver = driver;
    this.medium = driver.medium;
    this.mtu = driver.mtu;
    this.maxHeaderLength = driver.maxHeaderLength;
    this.macAddress = driver.macAddress;
    this.capabilities = capabilities;
    this.sink = undefined;
  }

  /** {@inheritDoc LinkDriver.attach} */
  attach(sink: LinkSink): void {
    this.sink = sink;
    this.driver.attach(this);
  }

  /** {@inheritDoc LinkDriver.transmit} */
  transmit(p: Pbuf): boolean {
    return this.driver.transmit(p);
  }

  /** {@inheritDoc LinkDriver.flush} */
  flush(): void {
    this.driver.flush();
  }

  /** {@inheritDoc LinkDriver.close} */
  close(): void {
    this.driver.close();
  }

  /** {@inheritDoc LinkSink.linkInput} */
  linkInput(p: Pbuf): void {
    if (this.sink === undefined) p.release();
    else this.sink.linkInput(p);
  }

  /** {@inheritDoc LinkSink.inputBatchEnd} */
  inputBatchEnd(): void {
    this.sink?.inputBatchEnd();
  }

  /** {@inheritDoc LinkSink.linkStateChanged} */
  linkStateChanged(isUp: boolean): void {
    this.sink?.linkStateChanged(isUp);
  }

  /** {@inheritDoc LinkSink.linkWritable} */
  linkWritable(): void {
    this.sink?.linkWritable();
  }
}
